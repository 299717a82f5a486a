import type { Caller } from '../../../auth/caller.ts';
import { visibleTo } from '../../../auth/visibility.ts';
import type { Group } from '../../../counts/count-table.ts';
import { parseCountBy, type Dimension } from '../../../counts/dimensions.ts';
import type { Position } from '../../../event/cursor.ts';
import { nameOf } from '../../../event/event.ts';
import { instantOf, toMicros } from '../../../event/instant.ts';
import { compareCodePoints } from '../../../event/text.ts';
import type { Condition } from '../../../filter/filter.ts';
import { occurredBounds } from '../../../filter/time-bounds.ts';
import { readCounts } from '../../../store/counts/count-events.ts';
import { countFixedIntervals } from '../../../store/counts/fixed-interval-counts.ts';
import { withoutPayload } from '../../../store/database/read-budget.ts';
import { readPages } from '../../../store/queries/pages.ts';
import { parsePrefectFilter } from '../prefect-filter.ts';
import { resolveFilter } from '../resolve-event-ids.ts';
import type { EventReadParts } from './event-pages.ts';
import { calendarOf, edgesOf, intervalsOf, startsBetween, type Intervals, type TimeUnit } from './intervals.ts';

/** A bucket in the form of Prefect's API. */
export interface EventCount {
  readonly value: string;
  readonly label: string;
  readonly count: number;
  readonly start_time: string;
  readonly end_time: string;
}

export type CountDimension = 'day' | 'time' | 'event' | 'resource';

export interface CountRequest {
  readonly filter: unknown;
  readonly unit: TimeUnit;
  readonly interval: number;
}

/**
 * Counts the matching events by day, interval, name or resource. Throws BAD_FILTER and
 * LIMIT_EXCEEDED.
 */
export async function countEventsBy(
  parts: EventReadParts,
  by: CountDimension,
  { request, caller }: { readonly request: CountRequest; readonly caller: Caller },
) {
  const { database, limits } = parts;
  const head = await parts.heads.head();
  const parsed = parsePrefectFilter(request.filter, ['filter'], limits);
  const filter = await resolveFilter(parsed, { database, head, visible: (condition) => visibleTo(caller, condition) });
  const selection = { filter, head };
  switch (by) {
    case 'day':
      return countByTime(parts, selection, intervalsOf('day', 1));
    case 'time':
      return countByTime(parts, selection, intervalsOf(request.unit, request.interval));
    case 'event':
      return countByName(parts, selection);
    case 'resource':
      return countByResource(parts, selection);
    default:
      return by satisfies never;
  }
}

interface CountSelection {
  readonly filter: Condition;
  readonly head: Position;
}

/**
 * Every interval between the bounds of the filter, including empty ones. A missing bound is that of
 * the events. As in Prefect, an interval that starts at `until` is left out; but if an event occurred
 * at that very instant, it is there, and the event counts.
 */
async function countByTime({ database }: EventReadParts, selection: CountSelection, intervals: Intervals): Promise<readonly EventCount[]> {
  const { since, until } = occurredBounds(selection.filter);
  const last = until === undefined ? null : toMicros(until) - 1n;
  if (since !== undefined && last !== null) startsBetween(intervals, toMicros(since), last); // throws before the count
  const calendar = calendarOf(intervals);
  const byYears = parseCountBy([{ time: { unit: 'YEAR' } }], ['filter']);
  const dimensions: readonly Dimension[] = calendar === null ? byYears : [{ kind: 'time', unit: 'SECOND', every: 1, calendar }];
  const groups = (await readCounts(database, { ...selection, dimensions })).all();
  if (groups.length === 0 && (since === undefined || last === null)) return [];
  const from = since === undefined ? earliest(groups) : toMicros(since);
  const starts = startsBetween(intervals, from, last ?? latest(groups));
  const [origin = 0n] = starts;
  const counts =
    calendar === null
      ? await countFixedIntervals(database, selection, { length: intervals.length, origin })
      : new Map(groups.map(({ keys, count }) => [(BigInt(Number(keys[0])) * 1_000_000n - origin) / intervals.length, count]));
  const buckets = starts.map((start, ordinal) => {
    const [first, end] = edgesOf(start, intervals);
    return { value: String(ordinal), label: first, count: counts.get(BigInt(ordinal)) ?? 0, start_time: first, end_time: end };
  });
  // The interval that starts at `until` has only that instant.
  const endsAtUntil = last !== null && starts.at(-1) === last;
  return endsAtUntil && buckets.at(-1)?.count === 0 ? buckets.slice(0, -1) : buckets;
}

async function countByName({ database }: EventReadParts, selection: CountSelection): Promise<readonly EventCount[]> {
  const table = await readCounts(database, { ...selection, dimensions: parseCountBy([{ event: {} }], ['filter']) });
  return sortByCount(table.all().map((group) => eventCount(group, String(group.keys[0]))));
}

/** The label of a resource is its name in its newest matching event, or its id. */
async function countByResource({ database }: EventReadParts, selection: CountSelection): Promise<readonly EventCount[]> {
  const table = await readCounts(database, { ...selection, dimensions: parseCountBy([{ resource: {} }], ['filter']) });
  const groups = table.all();
  const newest = { ...selection, order: 'NEWEST_FIRST', limit: 1, backward: false } as const;
  const labeled: EventCount[] = [];
  for (let from = 0; from < groups.length; from += resourceBatchSize) {
    const batch = groups.slice(from, from + resourceBatchSize);
    const keys = batch.map((group) => String(group.keys[0]));
    const pages = await readPages(database, newest, { scope: 'PRIMARY', keys, budget: withoutPayload });
    for (const [index, group] of batch.entries()) {
      const event = pages[index]?.events[0];
      labeled.push(eventCount(group, (event && nameOf(event.resource)) ?? String(group.keys[0])));
    }
  }
  return sortByCount(labeled);
}

function eventCount(group: Group, label: string): EventCount {
  return {
    value: String(group.keys[0]),
    label,
    count: group.count,
    start_time: instantOf(group.firstSecond, group.firstMicros),
    end_time: instantOf(group.lastSecond, group.lastMicros),
  };
}

function sortByCount(counts: readonly EventCount[]): readonly EventCount[] {
  return counts.toSorted((a, b) => b.count - a.count || compareCodePoints(a.label, b.label) || compareCodePoints(a.value, b.value));
}

function earliest(groups: readonly Group[]): bigint {
  return groups.map(({ firstSecond, firstMicros }) => microsAt(firstSecond, firstMicros)).reduce((min, each) => (each < min ? each : min));
}

function latest(groups: readonly Group[]): bigint {
  return groups.map(({ lastSecond, lastMicros }) => microsAt(lastSecond, lastMicros)).reduce((max, each) => (each > max ? each : max));
}

function microsAt(second: number, micros: number): bigint {
  return BigInt(second) * 1_000_000n + BigInt(micros);
}

const resourceBatchSize = 500;
