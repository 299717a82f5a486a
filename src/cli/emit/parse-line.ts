import { isJsonObject } from '../../json/exact-number.ts';
import { hasInexactNumber, parseJson } from '../../json/parse-json.ts';
import { stringifyJson } from '../../json/stringify-json.ts';
import { parseLossless, type EmitInput } from '../../client/tidings-client.ts';
import { fromDocument, documentPath, unknownMembers } from '../../event/document.ts';
import type { EventDraft, JsonObject } from '../../event/event.ts';
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

export type LineEvent = EmitInput<Readonly<Record<string, JsonObject>>>;

/**
 * A parsed line: its event and the names of the members that were ignored, the reason why it is
 * invalid, or null for a blank line.
 */
export type ParsedLine = { readonly event: LineEvent; readonly unknownMembers: readonly string[] } | { readonly reason: string } | null;

/**
 * Parses and validates one line, except for the limits of the server, which the client checks.
 * `isStrict`: unknown members are problems, not ignored.
 *
 * Guarantees: GraphQL does not reject a whole request because of an event that this returns.
 */
export function parseLine(bytes: Buffer | null, { isStrict }: { readonly isStrict: boolean }): ParsedLine {
  if (bytes === null) return { reason: `expected a line of at most ${maxLineBytes} bytes, got more` };
  let document: unknown;
  let text: string;
  try {
    text = utf8.decode(bytes);
    if (text.trim() === '') return null;
    document = parseJson(text);
  } catch (error) {
    return { reason: describeProblems([{ path: [], message: `expected a JSON object, got ${notJson(error)}` }]) };
  }
  if (!isJsonObject(document)) {
    return { reason: `expected a JSON object, got ${describeValue(document)}` };
  }
  const unknown = unknownMembers(document);
  const event = fromDocument(document);
  const checked = validateEvent(isStrict ? { ...event, unknownMembers: unknown } : event, [], noLimits);
  if ('problems' in checked) return { reason: describeProblems(checked.problems) };
  return { event: eventOf(checked.draft, hasInexactNumber(text)), unknownMembers: unknown };
}

/** Absent fields stay absent: they match any value of an event that is stored under the same id. */
function eventOf({ occurred, payload, follows, ...draft }: EventDraft, hasExactNumbers: boolean): LineEvent {
  return {
    ...draft,
    ...(occurred !== null && { occurred }),
    // The client has a class of its own for numbers that a double cannot hold.
    ...(payload !== null && { payload: hasExactNumbers ? (parseLossless(stringifyJson(payload)) as JsonObject) : payload }),
    ...(follows !== null && { follows }),
  };
}

const noLimits: EventLimits = {
  eventIdLength: Infinity,
  eventNameLength: Infinity,
  resourceIdLength: Infinity,
  roleLength: Infinity,
  labelKeyLength: Infinity,
  labelValueLength: Infinity,
  labelsPerResource: Infinity,
  relatedResources: Infinity,
  eventBytes: Infinity,
  payloadDepth: 1000, // bounds the recursion, as in the client
};

function notJson(error: unknown): string {
  return error instanceof SyntaxError ? `invalid JSON (${error.message})` : 'bytes that are not UTF-8';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Formats the reason why a line was rejected. A path has the keys of the event document, whose
 * resources are flat.
 */
export function describeProblems(problems: readonly LineProblem[]): string {
  const [first, ...others] = problems;
  if (first === undefined) return 'rejected without a reason';
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return printable(inDocument(first) + more);
}

function inDocument({ path, message }: LineProblem): string {
  const prefix = `${path.join('.')}: `;
  const expectation = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  const keys = documentPath(path).map((key) => (key.includes('.') ? JSON.stringify(key) : key));
  return keys.length === 0 ? expectation : `${keys.join('.')}: ${expectation}`;
}
