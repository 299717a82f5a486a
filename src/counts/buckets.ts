import type { Span } from './calendar.ts';
import type { Dimension } from './dimensions.ts';
import { instantOf, type Instant } from '../event/instant.ts';
import { byKeys, firstOf, mostFirst, type CountOrder } from './bucket-order.ts';
import { inKeyOrder, inOrderOfCount, linesOf, type Slot, instantAt, occurredWithin, spansBetween } from './zero-fill.ts';
import type { TimeBounds } from '../filter/time-bounds.ts';
import type { Cell, CountTable } from './count-table.ts';

/** One answer of a count. A bucket of time has bounds; null where they lie outside of all years. */
export interface CountBucket {
  readonly keys: readonly (string | null)[];
  readonly start: Instant | null;
  readonly end: Instant | null;
  readonly count: number;
  readonly firstOccurred: Instant | null;
  readonly lastOccurred: Instant | null;
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
 * made. Throws LIMIT_EXCEEDED where there are too many times between the bounds.
 */
export function bucketsOf(table: CountTable, request: BucketRequest): Buckets {
  const { dimensions, bounds, order, first } = request;
  const at = dimensions.findIndex(({ kind }) => kind === 'time');
  const time = dimensions[at];
  if (time?.kind !== 'time') {
    const wanted = order === 'KEY' ? firstOf(table.all(), first, byKeys) : firstOf(table.most(first), first, mostFirst);
    return { buckets: wanted.map((cell) => bucketOf(cell, null)), truncated: table.size > first };
  }
  const cells = table.all();
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

function* fewOf(slots: Iterable<Slot>, first: number, at: number): Generator<CountBucket> {
  let left = first;
  for (const { keys, span, cell } of slots) {
    if (left <= 0) return;
    left -= 1;
    yield bucketOf(cell ?? { keys, count: 0 }, { span, at });
  }
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

/** Where a span begins that began before all years: nothing occurred earlier. */
const firstInstant = '0000-01-01T00:00:00.000000Z' as Instant;
