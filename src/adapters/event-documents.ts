import { fromDocument } from '../event/document.ts';
import type { EventLimits } from '../event/limits.ts';
import { describeValue, type Problem } from '../event/problem.ts';
import { validateEvent } from '../event/validate.ts';
import type { Candidate } from '../ingest/emitter.ts';
import { HttpError } from '../transport/http-error.ts';
import { maxRequestEvents } from './batch-response.ts';
import { type Item, readItem, isObject } from './json-body.ts';

/** The documents of a body. */
export interface Documents {
  /** The body is one document, not a list. */
  readonly isSingle: boolean;
  readonly items: readonly Item[];
}

/**
 * Reads a body: one document, an array, or NDJSON with one document a line. Throws a 415 for
 * another content type, a 422 for a body that is not JSON, and a 413 for too many documents.
 */
export function documentsIn(body: Buffer, contentType: string | undefined): Documents {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/x-ndjson' || type === 'application/ndjson') return { isSingle: false, items: linesOf(body) };
  // The form of any web page could send the other types here.
  if (type !== 'application/json') {
    throw new HttpError(415, `content-type: expected application/json or application/x-ndjson, got ${type === '' ? 'none' : type}`);
  }
  const whole = readItem(body);
  if ('notJson' in whole) throw new HttpError(422, `the body: expected an event document, got ${whole.notJson}`);
  return Array.isArray(whole.json) ? { isSingle: false, items: itemsOf(whole.json) } : { isSingle: true, items: [whole] };
}

/** The entries of an array. Throws a 413 if there are too many. */
export function itemsOf(array: readonly unknown[]): readonly Item[] {
  if (array.length > maxRequestEvents) throw tooMany(String(array.length));
  return array.map((json) => ({ json }));
}

/**
 * A document as a candidate. `id` and `occurred` are required, because a sender can repeat the
 * request: defaults would be different each time.
 */
export function candidateOf(item: Item, path: readonly string[], limits: EventLimits): Candidate {
  if ('notJson' in item) return { path, problems: [problemAt(path, `expected an event document, got ${item.notJson}`)] };
  const { json } = item;
  if (!isObject(json)) {
    return { path, problems: [problemAt(path, `expected an event document, got ${describeValue(json)}`)] };
  }
  const event = fromDocument(json);
  if (event.id !== undefined && event.id !== null && event.occurred !== undefined && event.occurred !== null) return { path, event };
  const validation = validateEvent(event, path, limits);
  const noOccurred = event.occurred === undefined || event.occurred === null ? [missing([...path, 'occurred'])] : [];
  return { path, problems: [...('problems' in validation ? validation.problems : []), ...noOccurred] };
}

function linesOf(body: Buffer): readonly Item[] {
  const items: Item[] = [];
  for (const line of nonBlankLines(body)) {
    // Checked before each line: a body with a few bytes a line has millions of lines.
    if (items.length === maxRequestEvents) throw tooMany('more');
    items.push(readItem(line));
  }
  return items;
}

function* nonBlankLines(body: Buffer): Generator<Buffer> {
  for (let from = 0; from < body.length;) {
    if (blanks.has(body[from] ?? newline)) {
      from += 1;
      continue;
    }
    const end = body.indexOf(newline, from);
    yield body.subarray(from, end < 0 ? body.length : end);
    from = end < 0 ? body.length : end + 1;
  }
}

function tooMany(count: string): HttpError {
  return new HttpError(413, `expected at most ${maxRequestEvents} events in one request, got ${count}; send them in parts`);
}

function missing(path: readonly string[]): Problem {
  const message = `${path.join('.')}: expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got nothing`;
  return { code: 'REQUIRED', path, message };
}

function problemAt(path: readonly string[], expectation: string): Problem {
  return { code: 'INVALID', path, message: path.length === 0 ? expectation : `${path.join('.')}: ${expectation}` };
}

const newline = 0x0a;
/** The white space of JSON. A line of white space is skipped. */
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, newline]);
