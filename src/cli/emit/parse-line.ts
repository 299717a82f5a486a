import { fromDocument, documentPath } from '../../event/document.ts';
import type { EventDraft } from '../../event/event.ts';
import type { EventLimits } from '../../event/limits.ts';
import { describeValue } from '../../event/problem.ts';
import { validateEvent } from '../../event/validate.ts';
import { printable } from '../terminal/format-text.ts';
import { maxLineBytes } from './lines.ts';

/** A line of the file that was not stored. */
export interface RejectedLine {
  readonly line: number;
  readonly reason: string;
}

/** A problem of an event, found here or by the server. Its message starts with its path. */
export interface LineProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/** A parsed line: an EventInput as JSON, the reason why it is invalid, or null for a blank line. */
export type ParsedLine = { readonly input: string } | { readonly reason: string } | null;

/**
 * Parses and validates one line.
 *
 * Guarantees: GraphQL does not reject a whole request because of an input that this returns.
 */
export function parseLine(bytes: Buffer | null, limits: EventLimits): ParsedLine {
  if (bytes === null) return { reason: `expected a line of at most ${maxLineBytes} bytes, got more` };
  let document: unknown;
  try {
    const text = utf8.decode(bytes);
    if (text.trim() === '') return null;
    document = JSON.parse(text);
  } catch (error) {
    return { reason: reasonOf([{ path: [], message: `expected a JSON object, got ${notJson(error)}` }], 0) };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return { reason: `expected a JSON object, got ${describeValue(document)}` };
  }
  const candidate = fromDocument(document as Readonly<Record<string, unknown>>);
  const checked = validateEvent(candidate, [], limits);
  const missing = candidate.occurred === undefined || candidate.occurred === null ? [noOccurred] : [];
  const problems = 'problems' in checked ? [...missing, ...checked.problems] : missing;
  return 'draft' in checked && missing.length === 0 ? { input: JSON.stringify(inputOf(checked.draft)) } : { reason: reasonOf(problems, 0) };
}

/** Absent fields stay absent: they match any value of an event that is stored under the same id. */
function inputOf({ payload, follows, ...draft }: EventDraft): Readonly<Record<string, unknown>> {
  return { ...draft, ...(payload === null ? {} : { payload }), ...(follows === null ? {} : { follows }) };
}

function notJson(error: unknown): string {
  return error instanceof SyntaxError ? `invalid JSON (${error.message})` : 'bytes that are not UTF-8';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const noOccurred = {
  path: ['occurred'],
  message: 'expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got nothing',
};

/**
 * Formats the reason why a line was rejected. A path has the keys of the event document, whose
 * resources are flat. `skipped` is the number of leading keys of the path that the file lacks.
 */
export function reasonOf(problems: readonly LineProblem[], skipped: number): string {
  const [first, ...others] = problems;
  if (first === undefined) return 'rejected without a reason';
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return printable(inDocument(first, skipped) + more);
}

function inDocument({ path, message }: LineProblem, skipped: number): string {
  const prefix = `${path.join('.')}: `;
  const expectation = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  const keys = documentPath(path.slice(skipped)).map((key) => (key.includes('.') ? JSON.stringify(key) : key));
  return keys.length === 0 ? expectation : `${keys.join('.')}: ${expectation}`;
}
