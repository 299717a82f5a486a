import type { Interval, Calendar } from './calendar.ts';
import type { Key } from './bucket-keys.ts';
import { compareKeys, mostFirst } from './bucket-order.ts';
import type { Group } from './count-table.ts';
import { TidingsError } from '../errors.ts';
import { secondOf, fromMicros, type Instant } from '../event/instant.ts';
import type { TimeBounds } from '../filter/time-bounds.ts';

/** Those with the same keys but for the time. */
export interface Series {
  readonly before: readonly Key[];
  readonly after: readonly Key[];
  readonly groups: Map<Key, Group>;
}

/** A bucket to be: its keys, and what was counted, if anything. */
export interface FilledGroup {
  readonly keys: readonly Key[];
  readonly interval: Interval;
  readonly group: Group | null;
}

/** In the order of their other keys. Where there are none, there is one line, whether or not anything was counted. */
export function seriesOf(groups: readonly Group[], { at, others }: { readonly at: number; readonly others: number }): readonly Series[] {
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

/** Every line at every time. */
export function* inKeyOrder(series: readonly Series[], intervals: readonly Interval[]): Generator<FilledGroup> {
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

/** Empty ones come last, in the order of their keys. */
export function* inCountOrder(groups: readonly Group[], series: readonly Series[], intervals: readonly Interval[]): Generator<FilledGroup> {
  const at = series[0]?.before.length ?? 0;
  const byStart = new Map(intervals.map((interval) => [interval.start, interval]));
  for (const group of groups.toSorted(mostFirst)) {
    const interval = byStart.get(Number(group.keys[at]));
    if (interval !== undefined) yield { keys: group.keys, interval, group };
  }
  for (const filled of inKeyOrder(series, intervals)) if (filled.group === null) yield filled;
}

/** The seconds from the first to the last that may have events; null: none has. */
export function occurredRange(
  groups: readonly Group[],
  { since, until }: TimeBounds,
): { readonly from: number; readonly to: number } | null {
  let [from, to] = [Infinity, -Infinity];
  for (const { firstSecond, lastSecond } of groups) {
    from = Math.min(from, firstSecond);
    to = Math.max(to, lastSecond);
  }
  if (since !== undefined) from = secondOf(since);
  if (until !== undefined) to = until.endsWith('.000000Z') ? secondOf(until) - 1 : secondOf(until);
  return from > to || (since !== undefined && until !== undefined && since >= until) || !Number.isFinite(to - from) ? null : { from, to };
}

/** The spans of a calendar in which these seconds lie. Throws LIMIT_EXCEEDED where there are more than `mostSpans`. */
export function intervalsBetween(calendar: Calendar, range: ReturnType<typeof occurredRange>, at: number): readonly Interval[] {
  const intervals: Interval[] = [];
  if (range === null) return intervals;
  for (let next = range.from; next <= range.to;) {
    if (intervals.length === maxIntervals) throw tooManyIntervals(range, at);
    const interval = calendar.intervalAt(next);
    intervals.push(interval);
    next = interval.end;
  }
  return intervals;
}

function tooManyIntervals({ from, to }: { readonly from: number; readonly to: number }, at: number): TidingsError {
  const path = ['by', String(at), 'time'];
  const message = `expected at most ${maxIntervals} buckets of time from ${instantAt(from)} to ${instantAt(to)}, got more; take a larger unit, or bounds in filter.occurred`;
  return new TidingsError('LIMIT_EXCEEDED', `${path.join('.')}: ${message}`, { path });
}

/** The instant where a second begins; null where that lies outside of all years. */
export function instantAt(second: number): Instant | null {
  return Number.isFinite(second) ? fromMicros(BigInt(second) * 1_000_000n) : null;
}

const maxIntervals = 10_000;
