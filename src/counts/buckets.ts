import type { Interval } from './calendar.ts';
import type { Dimension } from './dimensions.ts';
import { fromMicros, instantOf, type Instant } from '../event/instant.ts';
import { byKeys, firstOf, mostFirst, type CountOrder } from './bucket-order.ts';
import { zeroFill, type FilledGroups } from './zero-fill.ts';
import type { TimeBounds } from '../filter/time-bounds.ts';
import type { Group, CountTable } from './count-table.ts';

/**
 * One row of a count's result. `start` and `end` are those of the time dimension; null without one.
 */
export interface CountBucket {
  readonly keys: readonly (string | null)[];
  readonly start: Instant | null;
  /** Null also if the interval ends after the year 9999. */
  readonly end: Instant | null;
  readonly count: number;
  readonly firstOccurred: Instant | null;
  readonly lastOccurred: Instant | null;
}

export interface BucketRequest {
  readonly dimensions: readonly Dimension[];
  readonly bounds: TimeBounds;
  readonly order: CountOrder;
  /** Maximum number of buckets. */
  readonly first: number;
}

export interface Buckets {
  readonly buckets: readonly CountBucket[];
  /** Whether there are more buckets than `first`. */
  readonly truncated: boolean;
  /**
   * False if intervals without events were left out: zero-filling exceeds its limit, or the order
   * is MOST_FIRST.
   */
  readonly zeroFilled: boolean;
}

/**
 * Turns the groups of a count into buckets, in order. In the order KEY, a count by time is
 * zero-filled up to the limit of `zeroFill`; otherwise only groups with events become buckets.
 * Builds only the first `first` buckets.
 */
export function bucketsOf(table: CountTable, request: BucketRequest): Buckets {
  const { dimensions, order, first } = request;
  const time = timeDimensionOf(dimensions);
  const filled = order === 'KEY' && time !== null ? zeroFilled(table, time, request) : null;
  if (filled !== null) return filled;
  const groups = order === 'KEY' ? firstOf(table.all(), first, byKeys) : firstOf(table.largest(first), first, mostFirst);
  return { buckets: groups.map((group) => bucketWithEvents(group, time)), truncated: table.size > first, zeroFilled: time === null };
}

/** Turns groups into buckets, in key order, without zero-filling. */
export function changedBuckets(groups: readonly Group[], dimensions: readonly Dimension[]): readonly CountBucket[] {
  const time = timeDimensionOf(dimensions);
  return groups.toSorted(byKeys).map((group) => bucketWithEvents(group, time));
}

type TimeDimension = Extract<Dimension, { kind: 'time' }> & { readonly at: number };

function timeDimensionOf(dimensions: readonly Dimension[]): TimeDimension | null {
  const at = dimensions.findIndex(({ kind }) => kind === 'time');
  const dimension = dimensions[at];
  return dimension?.kind === 'time' ? { ...dimension, at } : null;
}

function zeroFilled(table: CountTable, { at, calendar }: TimeDimension, { dimensions, bounds, first }: BucketRequest): Buckets | null {
  const filled = zeroFill(table.all(), { calendar, at, others: dimensions.length - 1, bounds });
  return filled === null ? null : { buckets: [...firstBuckets(filled, first, at)], truncated: filled.size > first, zeroFilled: true };
}

function* firstBuckets({ inKeyOrder }: FilledGroups, first: number, at: number): Generator<CountBucket> {
  let remaining = first;
  for (const { keys, interval, group } of inKeyOrder) {
    if (remaining <= 0) return;
    remaining -= 1;
    yield bucketOf(group ?? { keys, count: 0 }, { interval, at });
  }
}

function bucketWithEvents(group: Group, time: TimeDimension | null): CountBucket {
  return bucketOf(group, time === null ? null : { interval: time.calendar.intervalAt(group.firstSecond), at: time.at });
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

function isGroup(group: object): group is Group {
  return 'firstSecond' in group;
}

/** The instant at which a second starts; null outside the years 0000 to 9999. */
function instantAt(second: number): Instant | null {
  return Number.isFinite(second) ? fromMicros(BigInt(second) * 1_000_000n) : null;
}

/** The start of an interval that started before the year 0000: no event occurred earlier. */
const firstInstant = '0000-01-01T00:00:00.000000Z' as Instant;
