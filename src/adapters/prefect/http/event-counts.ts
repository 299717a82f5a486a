import { seenBy } from '../../../auth/visibility.ts';
import type { Caller } from '../../../auth/caller.ts';
import { parseCountBy, type Dimension } from '../../../counts/dimensions.ts';
import { instantOf, toMicros } from '../../../event/instant.ts';
import type { Cell } from '../../../counts/count-table.ts';
import type { Position } from '../../../event/cursor.ts';
import { nameOf } from '../../../event/event.ts';
import type { Condition } from '../../../filter/filter.ts';
import { compareCodePoints } from '../../../event/text.ts';
import { occurredBounds } from '../../../filter/time-bounds.ts';
import { readCounts } from '../../../store/counts/count-events.ts';
import { readPages } from '../../../store/queries/pages.ts';
import { countShortSpans } from '../../../store/counts/fixed-interval-counts.ts';
import { resolvedFilter } from '../resolve-event-ids.ts';
import { parsePrefectFilter } from '../prefect-filter.ts';
import type { ReadPageParts } from './event-pages.ts';
import { calendarOf, edgesOf, spansOf, startsBetween, type Spans, type TimeUnit } from './intervals.ts';

/** What one value has, as Prefect tells it. */
export interface EventCount {
  readonly value: string;
  readonly label: string;
  readonly count: number;
  readonly start_time: string;
  readonly end_time: string;
}

export type Countable = 'day' | 'time' | 'event' | 'resource';

export interface CountAsked {
  readonly filter: unknown;
  readonly unit: TimeUnit;
  readonly interval: number;
}

/** Counts the events that match by day, by a time, by name or by resource. Throws BAD_FILTER and LIMIT_EXCEEDED. */
export async function countEventsBy(parts: ReadPageParts, by: Countable, { asked, caller }: { asked: CountAsked; caller: Caller }) {
  const { database, limits } = parts;
  const head = await parts.heads.head();
  const parsed = parsePrefectFilter(asked.filter, ['filter'], limits);
  const filter = await resolvedFilter(parsed, { database, head, seen: (condition) => seenBy(caller, condition) });
  const selection = { filter, head };
  switch (by) {
    case 'day':
      return countByTime(parts, selection, spansOf('day', 1));
    case 'time':
      return countByTime(parts, selection, spansOf(asked.unit, asked.interval));
    case 'event':
      return countByName(parts, selection);
    case 'resource':
      return countByResource(parts, selection);
    default:
      return by satisfies never;
  }
}

interface Counted {
  readonly filter: Condition;
  readonly head: Position;
}

/** Every span between the bounds of the filter, or those of the events where it has none, also without events. */
async function countByTime({ database }: ReadPageParts, counted: Counted, spans: Spans): Promise<readonly EventCount[]> {
  const { since, until } = occurredBounds(counted.filter);
  const last = until === undefined ? null : toMicros(until) - 1n;
  if (since !== undefined && last !== null) startsBetween(spans, toMicros(since), last); // before anything is counted
  const calendar = calendarOf(spans);
  const byYears = parseCountBy([{ time: { unit: 'YEAR' } }], ['filter']);
  const dimensions: readonly Dimension[] = calendar === null ? byYears : [{ kind: 'time', unit: 'SECOND', every: 1, calendar }];
  const cells = (await readCounts(database, { ...counted, dimensions })).all();
  if (cells.length === 0 && (since === undefined || last === null)) return [];
  const from = since === undefined ? earliest(cells) : toMicros(since);
  const starts = startsBetween(spans, from, last ?? latest(cells));
  const [origin = 0n] = starts;
  const counts =
    calendar === null
      ? await countShortSpans(database, counted, { length: spans.length, origin })
      : new Map(cells.map(({ keys, count }) => [(BigInt(Number(keys[0])) * 1_000_000n - origin) / spans.length, count]));
  return starts.map((start, ordinal) => {
    const [first, end] = edgesOf(start, spans);
    return { value: String(ordinal), label: first, count: counts.get(BigInt(ordinal)) ?? 0, start_time: first, end_time: end };
  });
}

async function countByName({ database }: ReadPageParts, counted: Counted): Promise<readonly EventCount[]> {
  const table = await readCounts(database, { ...counted, dimensions: parseCountBy([{ event: {} }], ['filter']) });
  return mostFirst(table.all().map((cell) => eventCount(cell, String(cell.keys[0]))));
}

/** A resource's label is the name that it has in the last of its events that match, or its id. */
async function countByResource({ database }: ReadPageParts, counted: Counted): Promise<readonly EventCount[]> {
  const table = await readCounts(database, { ...counted, dimensions: parseCountBy([{ resource: {} }], ['filter']) });
  const cells = table.all();
  const newest = { ...counted, order: 'NEWEST_FIRST', limit: 1, backward: false } as const;
  const labelled: EventCount[] = [];
  for (let from = 0; from < cells.length; from += resourcesAtOnce) {
    const some = cells.slice(from, from + resourcesAtOnce);
    const keys = some.map((cell) => String(cell.keys[0]));
    const pages = await readPages(database, newest, { tie: 'PRIMARY', keys });
    for (const [index, cell] of some.entries()) {
      const event = pages[index]?.events[0];
      labelled.push(eventCount(cell, (event && nameOf(event.resource)) ?? String(cell.keys[0])));
    }
  }
  return mostFirst(labelled);
}

function eventCount(cell: Cell, label: string): EventCount {
  return {
    value: String(cell.keys[0]),
    label,
    count: cell.count,
    start_time: instantOf(cell.firstSecond, cell.firstMicros),
    end_time: instantOf(cell.lastSecond, cell.lastMicros),
  };
}

function mostFirst(counts: readonly EventCount[]): readonly EventCount[] {
  return counts.toSorted((a, b) => b.count - a.count || compareCodePoints(a.label, b.label) || compareCodePoints(a.value, b.value));
}

function earliest(cells: readonly Cell[]): bigint {
  return cells
    .map(({ firstSecond, firstMicros }) => microsAt(firstSecond, firstMicros))
    .reduce((least, each) => (each < least ? each : least));
}

function latest(cells: readonly Cell[]): bigint {
  return cells.map(({ lastSecond, lastMicros }) => microsAt(lastSecond, lastMicros)).reduce((most, each) => (each > most ? each : most));
}

function microsAt(second: number, micros: number): bigint {
  return BigInt(second) * 1_000_000n + BigInt(micros);
}

const resourcesAtOnce = 500;
