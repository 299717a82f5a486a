import { TidingsError } from '../errors.ts';
import type { Calendar, Span } from './calendar.ts';
import type { Dimension } from './count-by.ts';
import { instantOf, secondOf, type Key } from './count-keys.ts';
import type { Cell } from './count-table.ts';
import { fromMicros, type Instant } from './instant.ts';
import { compareCodePoints } from './json-compare.ts';

export type CountOrder = 'KEY' | 'MOST_FIRST';

/** One answer of a count. A bucket of time has bounds; null where they lie outside of all years. */
export interface CountBucket {
  readonly keys: readonly (string | null)[];
  readonly start: Instant | null;
  readonly end: Instant | null;
  readonly count: number;
  readonly firstOccurred: Instant | null;
  readonly lastOccurred: Instant | null;
}

/** The bounds of `occurred` that a filter sets: since is inclusive, until exclusive. */
export interface TimeBounds {
  readonly since?: Instant;
  readonly until?: Instant;
}

export interface BucketRequest {
  readonly dimensions: readonly Dimension[];
  readonly bounds: TimeBounds;
  readonly order: CountOrder;
  /** How many buckets, from the start. */
  readonly first: number;
}

/**
 * Makes buckets of what was counted: in order, and with a time dimension also the empty ones, for whatever other keys
 * were seen at any time. Their number is that of the times by that of the other keys, so only those that are wanted are
 * made. Throws LIMIT_EXCEEDED where more than `mostSpans` times lie between the bounds.
 */
export function bucketsOf(cells: readonly Cell[], request: BucketRequest): Buckets {
  const { dimensions, bounds, order, first } = request;
  const at = dimensions.findIndex(({ kind }) => kind === 'time');
  const time = dimensions[at];
  if (time?.kind !== 'time') {
    const wanted = firstOf(cells, first, order === 'KEY' ? byKeys : mostFirst);
    return { buckets: wanted.map((cell) => bucketOf(cell, null)), truncated: cells.length > first };
  }
  const spans = spansBetween(time.calendar, occurredWithin(cells, bounds), at);
  const lines = linesOf(cells, { at, others: dimensions.length - 1 });
  const wanted = [...fewOf(order === 'KEY' ? inKeyOrder(lines, spans) : inOrderOfCount(cells, lines, spans), first, at)];
  return { buckets: wanted, truncated: spans.length * lines.length > first };
}

/** What was counted, and no empty buckets, in the order of keys. */
export function changedBuckets(cells: readonly Cell[], dimensions: readonly Dimension[]): readonly CountBucket[] {
  const at = dimensions.findIndex(({ kind }) => kind === 'time');
  const time = dimensions[at];
  return cells.toSorted(byKeys).map((cell) => {
    return bucketOf(cell, time?.kind === 'time' ? { span: time.calendar.spanAt(cell.firstSecond), at } : null);
  });
}

export interface Buckets {
  readonly buckets: readonly CountBucket[];
  /** Whether there are more. */
  readonly truncated: boolean;
}

/** Those with the same keys but for the time. */
interface Line {
  readonly before: readonly Key[];
  readonly after: readonly Key[];
  readonly cells: Map<Key, Cell>;
}

/** A bucket to be: its keys, and what was counted, if anything. */
interface Slot {
  readonly keys: readonly Key[];
  readonly span: Span;
  readonly cell: Cell | null;
}

/** In the order of their other keys. Where there are none, there is one line, whether or not anything was counted. */
function linesOf(cells: readonly Cell[], { at, others }: { readonly at: number; readonly others: number }): readonly Line[] {
  const lines = new Map<string, Line>();
  if (others === 0) lines.set('[]', { before: [], after: [], cells: new Map() });
  for (const cell of cells) {
    const [before, after] = [cell.keys.slice(0, at), cell.keys.slice(at + 1)];
    const name = JSON.stringify([...before, ...after]);
    const line = lines.get(name) ?? { before, after, cells: new Map() };
    line.cells.set(cell.keys[at] ?? null, cell);
    lines.set(name, line);
  }
  return [...lines.values()].toSorted((a, b) => compareKeys(a.before, b.before) || compareKeys(a.after, b.after));
}

function* inKeyOrder(lines: readonly Line[], spans: readonly Span[]): Generator<Slot> {
  for (let from = 0; from < lines.length;) {
    const before = lines[from]?.before ?? [];
    let to = from + 1;
    while (to < lines.length && compareKeys(lines[to]?.before ?? [], before) === 0) to += 1;
    const beside = lines.slice(from, to);
    for (const span of spans) {
      for (const { after, cells } of beside) yield { keys: [...before, span.start, ...after], span, cell: cells.get(span.start) ?? null };
    }
    from = to;
  }
}

/** Empty ones come last, in the order of their keys. */
function* inOrderOfCount(cells: readonly Cell[], lines: readonly Line[], spans: readonly Span[]): Generator<Slot> {
  const at = lines[0]?.before.length ?? 0;
  const byStart = new Map(spans.map((span) => [span.start, span]));
  for (const cell of cells.toSorted(mostFirst)) {
    const span = byStart.get(Number(cell.keys[at]));
    if (span !== undefined) yield { keys: cell.keys, span, cell };
  }
  for (const slot of inKeyOrder(lines, spans)) if (slot.cell === null) yield slot;
}

function* fewOf(slots: Iterable<Slot>, first: number, at: number): Generator<CountBucket> {
  let left = first;
  for (const { keys, span, cell } of slots) {
    if (left <= 0) return;
    left -= 1;
    yield bucketOf(cell ?? { keys, count: 0 }, { span, at });
  }
}

/** The first ones in an order: most of very many are passed over with one comparison. */
function firstOf(cells: readonly Cell[], first: number, compare: (a: Cell, b: Cell) => number): readonly Cell[] {
  let found: Cell[] = [];
  let last: Cell | null = null;
  for (const cell of cells) {
    if (last !== null && compare(cell, last) > 0) continue;
    found.push(cell);
    if (found.length < first * 2 + leastSorted) continue;
    found = found.toSorted(compare).slice(0, first);
    last = found.at(-1) ?? null;
  }
  return found.toSorted(compare).slice(0, first);
}

function isCell(cell: object): cell is Cell {
  return 'firstSecond' in cell;
}

function bucketOf(cell: Cell | Pick<Cell, 'keys' | 'count'>, time: { readonly span: Span; readonly at: number } | null): CountBucket {
  const start = time === null ? null : (instantAt(time.span.start) ?? firstInstant);
  const keys = cell.keys.map((key, index) => (index === time?.at ? start : typeof key === 'number' ? String(key) : key));
  return {
    keys,
    start,
    end: time === null ? null : instantAt(time.span.end),
    count: cell.count,
    firstOccurred: isCell(cell) ? instantOf(cell.firstSecond, cell.firstMicros) : null,
    lastOccurred: isCell(cell) ? instantOf(cell.lastSecond, cell.lastMicros) : null,
  };
}

/** The seconds from the first to the last that may have events; null: none has. */
function occurredWithin(cells: readonly Cell[], { since, until }: TimeBounds): { readonly from: number; readonly to: number } | null {
  let [from, to] = [Infinity, -Infinity];
  for (const { firstSecond, lastSecond } of cells) {
    from = Math.min(from, firstSecond);
    to = Math.max(to, lastSecond);
  }
  if (since !== undefined) from = secondOf(since);
  if (until !== undefined) to = until.endsWith('.000000Z') ? secondOf(until) - 1 : secondOf(until);
  return from > to || (since !== undefined && until !== undefined && since >= until) || !Number.isFinite(to - from) ? null : { from, to };
}

function spansBetween(calendar: Calendar, range: ReturnType<typeof occurredWithin>, at: number): readonly Span[] {
  const spans: Span[] = [];
  if (range === null) return spans;
  for (let next = range.from; next <= range.to;) {
    if (spans.length === mostSpans) throw tooManySpans(range, at);
    const span = calendar.spanAt(next);
    spans.push(span);
    next = span.end;
  }
  return spans;
}

function tooManySpans({ from, to }: { readonly from: number; readonly to: number }, at: number): TidingsError {
  const path = ['by', String(at), 'time'];
  const message = `expected at most ${mostSpans} buckets of time from ${instantAt(from)} to ${instantAt(to)}, got more; take a larger unit, or bounds in filter.occurred`;
  return new TidingsError('LIMIT_EXCEEDED', `${path.join('.')}: ${message}`, { path });
}

function mostFirst(a: Cell, b: Cell): number {
  return b.count - a.count || byKeys(a, b);
}

function byKeys(a: Cell, b: Cell): number {
  return compareKeys(a.keys, b.keys);
}

/** Times in their order, text by code point, null last. */
function compareKeys(a: readonly Key[], b: readonly Key[]): number {
  for (const [index, key] of a.entries()) {
    const order = compareKey(key, b[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

function compareKey(a: Key, b: Key): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  if (typeof a === 'number' || typeof b === 'number') return Number(a) < Number(b) ? -1 : 1;
  return compareCodePoints(a, b);
}

function instantAt(second: number): Instant | null {
  return Number.isFinite(second) ? fromMicros(BigInt(second) * 1_000_000n) : null;
}

/** Where a span begins that began before all years: nothing occurred earlier. */
const firstInstant = '0000-01-01T00:00:00.000000Z' as Instant;
const mostSpans = 10_000;
const leastSorted = 1000;
