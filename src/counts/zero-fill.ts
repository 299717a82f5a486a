import type { Interval, Calendar } from './calendar.ts';
import type { Key } from './bucket-keys.ts';
import { compareKeys } from './bucket-order.ts';
import type { Group } from './count-table.ts';
import { secondOf } from '../event/instant.ts';
import type { TimeBounds } from '../filter/time-bounds.ts';

/** A bucket: its keys, its interval, and its group if it has events. */
export interface FilledGroup {
  readonly keys: readonly Key[];
  readonly interval: Interval;
  readonly group: Group | null;
}

export interface ZeroFillOptions {
  readonly calendar: Calendar;
  /** The index of the time dimension, and the number of the other dimensions. */
  readonly at: number;
  readonly others: number;
  /** The bounds of the filter. Where one is missing, the first or the last event is the bound. */
  readonly bounds: TimeBounds;
}

/** The buckets with and without events, in key order. */
export interface FilledGroups {
  readonly size: number;
  readonly inKeyOrder: Iterable<FilledGroup>;
}

/**
 * Adds the intervals without events: each series of keys gets a bucket for every interval between
 * the bounds. Returns null if there would be more than 10,000 buckets.
 */
export function zeroFill(groups: readonly Group[], { calendar, at, others, bounds }: ZeroFillOptions): FilledGroups | null {
  if (groups.length > maxFilledGroups) return null;
  const series = seriesOf(groups, { at, others });
  const intervals = series.length === 0 ? [] : intervalsIn(calendar, occurredRange(groups, bounds), maxFilledGroups / series.length);
  return intervals === null ? null : { size: intervals.length * series.length, inKeyOrder: inKeyOrder(series, intervals) };
}

/** Groups whose keys differ only in time. */
interface Series {
  readonly before: readonly Key[];
  readonly after: readonly Key[];
  readonly groups: Map<Key, Group>;
}

/**
 * Sorted by the other keys. Without other dimensions there is one series, even if no event matched.
 */
function seriesOf(groups: readonly Group[], { at, others }: Pick<ZeroFillOptions, 'at' | 'others'>): readonly Series[] {
  const seriesByName = new Map<string, Series>();
  if (others === 0) seriesByName.set('[]', { before: [], after: [], groups: new Map() });
  for (const group of groups) {
    const [before, after] = [group.keys.slice(0, at), group.keys.slice(at + 1)];
    const name = JSON.stringify([...before, ...after]);
    const series = seriesByName.get(name) ?? { before, after, groups: new Map() };
    series.groups.set(group.keys[at] ?? null, group);
    seriesByName.set(name, series);
  }
  return [...seriesByName.values()].toSorted((a, b) => compareKeys(a.before, b.before) || compareKeys(a.after, b.after));
}

function* inKeyOrder(series: readonly Series[], intervals: readonly Interval[]): Generator<FilledGroup> {
  for (let from = 0; from < series.length;) {
    const before = series[from]?.before ?? [];
    let to = from + 1;
    while (to < series.length && compareKeys(series[to]?.before ?? [], before) === 0) to += 1;
    const sameBefore = series.slice(from, to);
    for (const interval of intervals) {
      for (const { after, groups } of sameBefore)
        yield { keys: [...before, interval.start, ...after], interval, group: groups.get(interval.start) ?? null };
    }
    from = to;
  }
}

interface SecondRange {
  readonly from: number;
  readonly to: number;
}

/** The seconds from the first to the last that can have events; null if none can. */
function occurredRange(groups: readonly Group[], { since, until }: TimeBounds): SecondRange | null {
  let [from, to] = [Infinity, -Infinity];
  for (const { firstSecond, lastSecond } of groups) {
    from = Math.min(from, firstSecond);
    to = Math.max(to, lastSecond);
  }
  if (since !== undefined) from = secondOf(since);
  if (until !== undefined) to = until.endsWith('.000000Z') ? secondOf(until) - 1 : secondOf(until);
  return from > to || (since !== undefined && until !== undefined && since >= until) || !Number.isFinite(to - from) ? null : { from, to };
}

/** The intervals that overlap a range; null if there are more than `max`. */
function intervalsIn(calendar: Calendar, range: SecondRange | null, max: number): readonly Interval[] | null {
  const intervals: Interval[] = [];
  if (range === null) return intervals;
  for (let next = range.from; next <= range.to;) {
    if (intervals.length + 1 > max) return null;
    const interval = calendar.intervalAt(next);
    intervals.push(interval);
    next = interval.end;
  }
  return intervals;
}

/**
 * As many as a page of buckets can have: a wide range with a small unit costs no more than this.
 */
const maxFilledGroups = 10_000;
