import { isJsonObject } from '../../json/exact-number.ts';
import { parseJson } from '../../json/parse-json.ts';
import { stringifyJson } from '../../json/stringify-json.ts';
import { fromDocument, documentPath, unknownMembers } from '../../event/document.ts';
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

/**
 * A parsed line: an EventInput as JSON and the names of the members that were ignored, the reason
 * why it is invalid, or null for a blank line.
 */
export type ParsedLine = { readonly input: string; readonly unknownMembers: readonly string[] } | { readonly reason: string } | null;

export interface LineRules {
  readonly limits: EventLimits;
  /** Unknown members are problems, not ignored. */
  readonly isStrict: boolean;
}

/**
 * Parses and validates one line.
 *
 * Guarantees: GraphQL does not reject a whole request because of an input that this returns.
 */
export function parseLine(bytes: Buffer | null, { limits, isStrict }: LineRules): ParsedLine {
  if (bytes === null) return { reason: `expected a line of at most ${maxLineBytes} bytes, got more` };
  let document: unknown;
  try {
    const text = utf8.decode(bytes);
    if (text.trim() === '') return null;
    document = parseJson(text);
  } catch (error) {
    return { reason: reasonOf([{ path: [], message: `expected a JSON object, got ${notJson(error)}` }], 0) };
  }
  if (!isJsonObject(document)) {
    return { reason: `expected a JSON object, got ${describeValue(document)}` };
  }
  const unknown = unknownMembers(document);
  const event = fromDocument(document);
  const checked = validateEvent(isStrict ? { ...event, unknownMembers: unknown } : event, [], limits);
  if ('problems' in checked) return { reason: reasonOf(checked.problems, 0) };
  return { input: stringifyJson(inputOf(checked.draft)), unknownMembers: unknown };
}

/** Absent fields stay absent: they match any value of an event that is stored under the same id. */
function inputOf({ payload, follows, ...draft }: EventDraft): Readonly<Record<string, unknown>> {
  return { ...draft, ...(payload === null ? {} : { payload }), ...(follows === null ? {} : { follows }) };
}

function notJson(error: unknown): string {
  return error instanceof SyntaxError ? `invalid JSON (${error.message})` : 'bytes that are not UTF-8';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

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
