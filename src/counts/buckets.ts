import type { Interval } from './calendar.ts';
import type { Dimension } from './dimensions.ts';
import { instantOf, type Instant } from '../event/instant.ts';
import { byKeys, firstOf, mostFirst, type CountOrder } from './bucket-order.ts';
import { inKeyOrder, inCountOrder, seriesOf, type FilledGroup, instantAt, occurredRange, intervalsBetween } from './zero-fill.ts';
import type { TimeBounds } from '../filter/time-bounds.ts';
import type { Group, CountTable } from './count-table.ts';

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
    const wanted = order === 'KEY' ? firstOf(table.all(), first, byKeys) : firstOf(table.largest(first), first, mostFirst);
    return { buckets: wanted.map((group) => bucketOf(group, null)), truncated: table.size > first };
  }
  const groups = table.all();
  const intervals = intervalsBetween(time.calendar, occurredRange(groups, bounds), at);
  const series = seriesOf(groups, { at, others: dimensions.length - 1 });
  const wanted = [...firstBuckets(order === 'KEY' ? inKeyOrder(series, intervals) : inCountOrder(groups, series, intervals), first, at)];
  return { buckets: wanted, truncated: intervals.length * series.length > first };
}

/** What was counted, and no empty buckets, in the order of keys. */
export function changedBuckets(groups: readonly Group[], dimensions: readonly Dimension[]): readonly CountBucket[] {
  const at = dimensions.findIndex(({ kind }) => kind === 'time');
  const time = dimensions[at];
  return groups.toSorted(byKeys).map((group) => {
    return bucketOf(group, time?.kind === 'time' ? { interval: time.calendar.intervalAt(group.firstSecond), at } : null);
  });
}

export interface Buckets {
  readonly buckets: readonly CountBucket[];
  /** Whether there are more. */
  readonly truncated: boolean;
}

function* firstBuckets(filled: Iterable<FilledGroup>, first: number, at: number): Generator<CountBucket> {
  let remaining = first;
  for (const { keys, interval, group } of filled) {
    if (remaining <= 0) return;
    remaining -= 1;
    yield bucketOf(group ?? { keys, count: 0 }, { interval, at });
  }
}

function isGroup(group: object): group is Group {
  return 'firstSecond' in group;
}

function bucketOf(
  group: Group | Pick<Group, 'keys' | 'count'>,
  time: { readonly interval: Interval; readonly at: number } | null,
): CountBucket {
  const start = time === null ? null : (instantAt(time.interval.start) ?? firstInstant);
  const keys = group.keys.map((key, index) => (index === time?.at ? start : typeof key === 'number' ? String(key) : key));
  return {
    keys,
    start,
    end: time === null ? null : instantAt(time.interval.end),
    count: group.count,
    firstOccurred: isGroup(group) ? instantOf(group.firstSecond, group.firstMicros) : null,
    lastOccurred: isGroup(group) ? instantOf(group.lastSecond, group.lastMicros) : null,
  };
}

/** Where a span begins that began before all years: nothing occurred earlier. */
const firstInstant = '0000-01-01T00:00:00.000000Z' as Instant;
