import { sql, type SQL } from 'drizzle-orm';
import type { EventOrder, Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Selection } from '../../filter/filter.ts';
import type { Instant } from '../../event/instant.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { toTimestamp } from '../database/event-row.ts';
import { textIs } from '../filter-sql/sql-fragments.ts';

/** A place in an order: `occurred` is missing in LOG order. */
export interface Place {
  readonly position: Position;
  readonly occurred?: Instant;
  /** Whether the place itself is meant too. */
  readonly inclusive?: true;
}

/** A stretch of places, both ends inclusive. */
export interface Places {
  readonly first: Position;
  readonly last: Position;
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
  /** About how much memory the events take, and the one beyond the page. */
  readonly bytes: number;
}

/** What to count: counting stops at `max` + 1. */
export interface CountRequest extends Selection {
  readonly head: Position;
  readonly max: number;
}

/**
 * What ties one page of many to its key: the events that follow the event of that id, or in which the resource of that
 * id is the primary one (PRIMARY), only a related one (RELATED), or either (ANY). EVERYTHING takes no notice of the key.
 */
export type Tie = 'EVERYTHING' | 'FOLLOWS' | 'PRIMARY' | 'RELATED' | 'ANY';

/** Keys, and the tie that all of them have. */
export interface Tied {
  readonly tie: Tie;
  readonly keys: readonly string[];
}

/** One page, or count, of all events. */
export const everyEvent: Tied = { tie: 'EVERYTHING', keys: [''] };

/** The keys of a statement as rows of `n`, from 1, and `value`. */
export function keyRows(keys: readonly string[]): SQL {
  return sql`jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb) with ordinality as k (value, n)`;
}

const isPrimary = textIs(sql`e.resource_id`, sql`k.value`);
const isRelated = sql`e.related @> jsonb_build_array(jsonb_build_object('id', k.value))`;

/** That an event `e` is tied to the key `k.value`; FOLLOWS and PRIMARY have an index for it, in the order of time. */
export const isTied: Readonly<Record<Tie, SQL>> = {
  EVERYTHING: sql`true`,
  FOLLOWS: textIs(sql`e.follows`, sql`k.value`),
  PRIMARY: isPrimary,
  RELATED: sql`(${isRelated} and not ${isPrimary})`,
  ANY: sql`(${isPrimary} or ${isRelated})`,
};

/** That an event `e` matches, is visible, and lies between the places of a page. */
export function isWithin(request: CountRequest | PageRequest): SQL {
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

/**
 * The events between two places that a row tells, all columns, by the primary key. Partitions outside `around` are not even
 * planned for. Conditions are to be put around this: inside, they would be planned once for each partition.
 */
export function eventsBetween({ first, last }: Readonly<Record<'first' | 'last', SQL>>, around: Places): SQL {
  return sql`
    select * from tidings.events e
    where e.position between ${first} and ${last} and e.position between ${around.first} and ${around.last}
    offset 0`;
}

/** Written so that no index serves it: the primary key shall, and this only tells a digest from its neighbours in time. */
export function occurredBetween(since: SQL, until: SQL): SQL {
  return sql`(e.occurred between ${since} and ${until}) is true`;
}

function beyond(place: Place, comparison: '<' | '>'): SQL {
  const than = sql.raw(place.inclusive ? `${comparison}=` : comparison);
  if (place.occurred === undefined) return sql`e.position ${than} ${place.position}`;
  return sql`(e.occurred, e.position) ${than} (${toTimestamp(place.occurred)}::timestamptz, ${place.position}::bigint)`;
}

/** By what a page's events come, and whether upwards. */
export interface Direction {
  readonly by: 'time' | 'position';
  readonly up: boolean;
}

export function directionOf({ order, backward }: { readonly order: EventOrder; readonly backward: boolean }): Direction {
  return { by: order === 'LOG' ? 'position' : 'time', up: (order === 'NEWEST_FIRST') === backward };
}

/** The order of events `e`: by time relies on events_by_occurred and the like, by position on the primary key. */
export function orderSql({ by, up }: Direction): SQL {
  const columns = by === 'time' ? ['e.occurred', 'e.position'] : ['e.position'];
  return sql.raw(columns.map((column) => (up ? column : `${column} desc`)).join(', '));
}
