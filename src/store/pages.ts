import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Selection } from '../event/filter.ts';
import type { Instant } from '../event/instant.ts';
import type { Database } from './database.ts';
import { sqlOf } from './filter-sql.ts';
import { textIs } from './text-sql.ts';
import { eventColumns, rowBytes, storedEvent, toTimestamp, type EventRow } from './rows.ts';

/** A place in an order: `occurred` is missing in LOG order. */
export interface Place {
  readonly position: Position;
  readonly occurred?: Instant;
  /** Whether the place itself is meant too. */
  readonly inclusive?: true;
}

/** One page to read: at most `limit` events strictly between `after` and `before`, from the end if `backward`. */
export interface PageRequest extends Selection {
  readonly head: Position;
  readonly after?: Place;
  readonly before?: Place;
  readonly limit: number;
  readonly backward: boolean;
}

/** Events in their order, also of a backward page; `more`: the limit cut the page on the side away from its start. */
export interface Page {
  readonly events: readonly StoredEvent[];
  readonly more: boolean;
}

/**
 * What ties one page of many to its key: the events that follow the event of that id, or that concern the resource
 * of that id. EVERYTHING takes no notice of the key.
 */
export type Tie = 'EVERYTHING' | 'FOLLOWS' | 'PRIMARY' | 'RELATED' | 'ANY';

/** Keys, and the tie that all of them have. */
export interface Tied {
  readonly tie: Tie;
  readonly keys: readonly string[];
}

/** Reads the same page for each of many keys, in one statement; the answer has a page for each key, in their order. */
export async function readPages(database: Database, request: PageRequest, { tie, keys }: Tied): Promise<readonly Page[]> {
  const order = sql.raw(orderings[request.order][request.backward ? 'backward' : 'forward']);
  const rows = await database.rows<EventRow & { n: string }>(sql`
    select k.n, e.*
    from jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb) with ordinality as k (value, n)
    cross join lateral (
      select ${eventColumns}
      from ${tiedEvents[tie]} e
      where ${within(request)}
      order by ${order}
      limit ${request.limit + 1}
    ) e
    order by k.n, ${order}`);
  const perKey: EventRow[][] = keys.map(() => []);
  for (const row of rows) perKey[Number(row.n) - 1]?.push(row);
  return perKey.map((found) => {
    const events = found.slice(0, request.limit).map(storedEvent);
    return { events: request.backward ? events.toReversed() : events, more: found.length > request.limit };
  });
}

/** The next events of the log after a place, with the bytes that they take in memory. */
export interface Stretch {
  readonly events: readonly StoredEvent[];
  readonly bytes: readonly number[];
}

export interface LogRequest {
  readonly after: Position;
  readonly head: Position;
  readonly limit: number;
}

/** Reads the log itself: every event after `after` up to `head`, at most `limit`, by the primary key. */
export async function readLog(database: Database, { after, head, limit }: LogRequest): Promise<Stretch> {
  const rows = await database.rows<EventRow>(sql`
    select ${eventColumns}
    from tidings.events e
    where e.position > ${after} and e.position <= ${head}
    order by e.position
    limit ${limit}`);
  return { events: rows.map(storedEvent), bytes: rows.map(rowBytes) };
}

/** What to count: counting stops at `max` + 1. */
export interface CountRequest extends Selection {
  readonly head: Position;
  readonly max: number;
}

/** Counts the events of each key's page as if it had no limit, up to its `max` + 1. */
export async function countEvents(database: Database, request: CountRequest, { tie, keys }: Tied): Promise<readonly number[]> {
  const rows = await database.rows<{ count: string }>(sql`
    select c.count
    from jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb) with ordinality as k (value, n)
    cross join lateral (
      select count(*) from (
        select from ${tiedEvents[tie]} e where ${within(request)} limit ${request.max + 1}
      ) matching
    ) c
    order by k.n`);
  return rows.map((row) => Number(row.count));
}

function within(request: CountRequest | PageRequest): SQL {
  const { order } = request;
  const { after, before }: Partial<PageRequest> = 'limit' in request ? request : {};
  return sql.join(
    [
      sql`e.position <= ${request.head}`,
      sqlOf(request.filter),
      ...(after === undefined ? [] : [beyond(after, order === 'NEWEST_FIRST' ? '<' : '>')]),
      ...(before === undefined ? [] : [beyond(before, order === 'NEWEST_FIRST' ? '>' : '<')]),
    ],
    sql` and `,
  );
}

function beyond(place: Place, comparison: '<' | '>'): SQL {
  const than = sql.raw(place.inclusive ? `${comparison}=` : comparison);
  if (place.occurred === undefined) return sql`e.position ${than} ${place.position}`;
  return sql`(e.occurred, e.position) ${than} (${toTimestamp(place.occurred)}::timestamptz, ${place.position}::bigint)`;
}

const byTime = { up: 'e.occurred, e.position', down: 'e.occurred desc, e.position desc' } as const;

/** NEWEST_FIRST and OLDEST_FIRST rely on events_by_occurred and the like, LOG on the primary key. */
const orderings = {
  NEWEST_FIRST: { forward: byTime.down, backward: byTime.up },
  OLDEST_FIRST: { forward: byTime.up, backward: byTime.down },
  LOG: { forward: 'e.position', backward: 'e.position desc' },
} as const;

const isPrimary = textIs(sql`e.resource_id`, sql`k.value`);
const isRelated = sql`e.related @> jsonb_build_array(jsonb_build_object('id', k.value))`;

/**
 * The events that are tied to the key `k.value`. FOLLOWS relies on events_by_follows, PRIMARY on events_by_resource, in
 * the order of time. RELATED relies on events_by_related; its `offset 0` keeps the planner, which cannot know how rare
 * a resource is, from walking all events in order until it has met enough.
 */
const tiedEvents: Readonly<Record<Tie, SQL>> = {
  EVERYTHING: sql`tidings.events`,
  FOLLOWS: sql`(select * from tidings.events e where ${textIs(sql`e.follows`, sql`k.value`)})`,
  PRIMARY: sql`(select * from tidings.events e where ${isPrimary})`,
  RELATED: sql`(select * from tidings.events e where ${isRelated} offset 0)`,
  ANY: sql`(
    select * from tidings.events e where ${isPrimary}
    union all
    (select * from tidings.events e where ${isRelated} and not ${isPrimary} offset 0)
  )`,
};
