import { runInSlices, TimeSlice } from '../concurrency/time-slices.ts';
import { fromDocument, unknownMembers } from '../event/document.ts';
import { describeValue, type Problem } from '../event/problem.ts';
import { HttpError } from '../transport/http-error.ts';
import { maxRequestEvents } from './batch-response.ts';
import type { AdapterCandidate } from './emit-batch.ts';
import { isJsonObject } from '../json/exact-number.ts';
import { type Item, itemInSteps, rawOf, readBodyItem } from './json-body.ts';

/** The documents of a body. */
export interface Documents {
  /** The body is one document, not a list. */
  readonly isSingle: boolean;
  readonly items: readonly DocumentItem[];
}

/** A document, and its bytes unless it is part of an array. */
export interface DocumentItem {
  readonly item: Item;
  readonly bytes: Buffer | null;
}

/**
 * Reads a body: one document, an array, NDJSON with one document a line, or a JSON text sequence
 * (RFC 7464). NDJSON can also be labelled as JSON, as older log shippers do. Throws a 415 for
 * another content type, a 422 for a body that is not JSON, and a 413 for too many documents.
 */
export async function documentsIn(body: Buffer, contentType: string | undefined): Promise<Documents> {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (lineTypes.has(type)) return { isSingle: false, items: await recordsOf(body, newline) };
  if (type === 'application/json-seq') return { isSingle: false, items: await recordsOf(body, recordSeparator) };
  // The form of any web page could send the other types here.
  if (type !== 'application/json') {
    throw new HttpError(
      415,
      `content-type: expected application/json, application/x-ndjson or application/json-seq, got ${type === '' ? 'none' : type}`,
    );
  }
  const whole = await readBodyItem(body);
  if ('notJson' in whole && (await startsWithJsonLine(body))) return { isSingle: false, items: await recordsOf(body, newline) };
  if ('notJson' in whole) throw new HttpError(422, `the body: expected an event document, got ${whole.notJson}`);
  if (!Array.isArray(whole.json)) return { isSingle: true, items: [{ item: whole, bytes: body }] };
  return { isSingle: false, items: itemsOf(whole.json).map((item) => ({ item, bytes: null })) };
}

/** The entries of an array. Throws a 413 if there are too many. */
export function itemsOf(array: readonly unknown[]): readonly Item[] {
  if (array.length > maxRequestEvents) throw tooMany(String(array.length));
  return array.map((json) => ({ json }));
}

/** A document as a candidate. `isStrict`: unknown members are problems, not ignored. */
export function candidateOf({ item, bytes }: DocumentItem, path: readonly string[], isStrict: boolean): AdapterCandidate {
  const raw = (): Buffer => rawOf(item, bytes);
  const invalid = (got: string): AdapterCandidate => ({
    candidate: { path, problems: [problemAt(path, `expected an event document, got ${got}`)] },
    unknownMembers: [],
    raw,
  });
  if ('notJson' in item) return invalid(item.notJson);
  const { json } = item;
  if (!isJsonObject(json)) return invalid(describeValue(json));
  const unknown = unknownMembers(json);
  const event = fromDocument(json);
  if (isStrict && unknown.length > 0) return { candidate: { path, event: { ...event, unknownMembers: unknown } }, unknownMembers: [], raw };
  return { candidate: { path, event }, unknownMembers: unknown, raw };
}

/** Whether the first line is an object. The first line of an indented document is not. */
async function startsWithJsonLine(body: Buffer): Promise<boolean> {
  const slice = new TimeSlice(sliceMs);
  for (const line of nonBlankRecords(body, newline)) {
    if (line === null) {
      if (slice.isOver()) await slice.next();
      continue;
    }
    if (line.length === body.length) return false;
    const first = await readBodyItem(line);
    return 'json' in first && isJsonObject(first.json);
  }
  return false;
}

function recordsOf(body: Buffer, separator: number): Promise<readonly DocumentItem[]> {
  return runInSlices(readRecords(body, separator));
}

function* readRecords(body: Buffer, separator: number): Generator<undefined, readonly DocumentItem[]> {
  const records: DocumentItem[] = [];
  for (const bytes of nonBlankRecords(body, separator)) {
    if (bytes === null) {
      yield;
      continue;
    }
    // Checked before each record: a body with a few bytes a line has millions of lines.
    if (records.length === maxRequestEvents) throw tooMany('more');
    records.push({ item: yield* itemInSteps(bytes), bytes });
  }
  return records;
}

/**
 * The parts between separators that are not only white space, without white space at their start; null
 * after each `maxBlanks` of white space, so that a caller can do other work.
 */
function* nonBlankRecords(body: Buffer, separator: number): Generator<Buffer | null> {
  let skipped = 0;
  for (let from = 0; from < body.length;) {
    const first = body[from] ?? separator;
    if (first === separator || blanks.has(first)) {
      from += 1;
      skipped += 1;
      if (skipped % maxBlanks === 0) yield null;
      continue;
    }
    const end = body.indexOf(separator, from);
    yield body.subarray(from, end < 0 ? body.length : end);
    from = end < 0 ? body.length : end + 1;
  }
}

function tooMany(count: string): HttpError {
  return new HttpError(413, `expected at most ${maxRequestEvents} events in one request, got ${count}; send them in parts`);
}

function problemAt(path: readonly string[], expectation: string): Problem {
  return { code: 'INVALID', path, message: path.length === 0 ? expectation : `${path.join('.')}: ${expectation}` };
}

/** The names under which senders label NDJSON. */
const lineTypes: ReadonlySet<string> = new Set(
  ['x-ndjson', 'ndjson', 'jsonl', 'x-jsonl', 'jsonlines', 'x-jsonlines'].map((name) => `application/${name}`),
);
const newline = 0x0a;
/** Begins each text of a sequence. A text can have several lines. */
const recordSeparator = 0x1e;
/** Skipping them takes less than a millisecond. */
const maxBlanks = 65_536;
const sliceMs = 5;
/** The white space of JSON. A record of white space is skipped. */
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d, newline]);
