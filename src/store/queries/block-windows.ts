import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import { inTurn, isIdle, type DigestTest } from '../../skip-index/pruning-predicate.ts';
import type { Instant } from '../../event/instant.ts';
import type { Database } from '../database/database.ts';
import { isFiled, passesSql, searchSql } from '../skip-index/pruning-sql.ts';
import { directionOf, type Direction, type PageRequest, type Place, type Tie } from './page-request.ts';
import type { Places } from '../log/event-ranges.ts';
import { fromTimestamp, toTimestamp } from '../database/timestamps.ts';
import { tieTermRows, tieTest } from './page-sql.ts';

/** Where a digest stands, and the times of its events. */
export interface DigestPlace {
  readonly first: Position;
  readonly last: Position;
  readonly part: number;
  readonly firstOccurred: Instant;
  readonly lastOccurred: Instant;
}

/** The next digests to look into, in the direction of a page. */
export interface Window {
  readonly digests: readonly DigestPlace[];
  /** The first one behind the window; null: there is none. No event from there on comes before its near edge. */
  readonly next: DigestPlace | null;
}

/** The first digests of a page, in two windows; and the places up to its head that have no digest: one stretch a partition. */
export interface FirstWindows {
  readonly undigested: readonly Places[];
  readonly windows: readonly [Window, ...Window[]];
}

/**
 * Reads the first windows: what is common is found there, without a search. Walks the index of the direction; a test
 * that every digest passes gets one window, since it will be searched for by its tie.
 */
export async function readFirstWindows(database: Database, request: PageRequest, test: DigestTest): Promise<FirstWindows> {
  const order = orderSql(directionOf(request));
  const size = isIdle(test) ? firstSize : firstSize + nextSize;
  const rows = await database.rows<Partial<DigestRow> & { undigested: string | null; passes: boolean | null }>(sql`
    select u.undigested, d.*
    from (
      select json_agg(json_build_object('first', greatest(p.first, done.upto + 1), 'last', least(coalesce(p.last, p.until - 1), ${request.head})) order by p.first)::text
        as undigested
      from (select coalesce((select last from tidings.digests order by last desc limit 1), ${origin}) as upto) done
      join tidings.partitions p on coalesce(p.last, p.until - 1) > done.upto and p.first <= ${request.head} and p.removed is null
    ) u
    left join lateral (
      select ${placeColumns}, ${passesSql(test)} as passes
      from (select * from tidings.digests d where ${between(request)} order by ${order} limit ${size + 1}) d
      order by ${order}
    ) d on true`);
  const found = rows.flatMap((row) => (isWhole(row) ? [{ place: placeOf(row), passes: row.passes === true }] : []));
  return {
    undigested: JSON.parse(rows[0]?.undigested ?? '[]') as readonly Places[],
    windows: [windowOf(found, 0, firstSize), ...(found.length > firstSize + 1 ? [windowOf(found, firstSize, size)] : [])],
  };
}

/** A key of a page, and the digest from which on it is looked for. */
export interface Pending {
  readonly value: string;
  readonly from: DigestPlace;
}

/**
 * Reads a window of up to `size` digests for each key. Through digests_by_terms, where that leads somewhere. What is asked last is
 * asked only of those that are next in order.
 */
export async function readWindows(
  database: Database,
  request: PageRequest,
  {
    tie,
    test,
    pending,
    size,
  }: { readonly tie: Tie; readonly test: DigestTest; readonly pending: readonly Pending[]; readonly size: number },
): Promise<readonly Window[]> {
  const direction = directionOf(request);
  const tied = tieTest(tie);
  const { before, last } = inTurn(test);
  const terms = tieTermRows(
    tie,
    pending.map(({ value }) => value),
  );
  const keys = pending.map((key, n) => ({ ...terms[n], ...fromRow(key) }));
  const places = sql`(${between(request)} and ${atOrBeyond(direction)})`;
  // Where digests_by_terms serves, no other index shall: the planner does not know what reading all terms would cost. Where
  // it does not, the digests are walked in order until enough pass; coalesce hides from the planner that few may, lest it
  // look at all of them and sort those that do.
  const search =
    tied === null && !isFiled(before)
      ? sql`${places} and coalesce(${searchSql(before)}, false)`
      : sql`${places} is true and ${searchSql(before)} and ${tied ?? sql`true`} offset 0`;
  const rows = await database.rows<DigestRow & { n: string; passes: boolean }>(sql`
    select k.n, ${placeColumns}, ${passesSql(last)} as passes
    from jsonb_to_recordset(${JSON.stringify(keys)}::text::jsonb)
      as k (n int, terms text, first_occurred timestamptz, last_occurred timestamptz, last bigint, part smallint)
    cross join lateral (
      select d.*
      from (
        select * from tidings.digests d
        where ${search}
      ) d
      order by ${orderSql(direction)}
      limit ${size + 1}
    ) d
    order by k.n, ${orderSql(direction)}`);
  const perKey: Found[][] = pending.map(() => []);
  for (const row of rows) perKey[Number(row.n)]?.push({ place: placeOf(row), passes: row.passes });
  return perKey.map((found) => windowOf(found, 0, size));
}

/** Whether an event comes before everything that a digest sums up, in the direction of a page. */
export function comesBefore(
  event: { readonly position: Position; readonly occurred: Instant },
  next: DigestPlace,
  { by, up }: Direction,
): boolean {
  if (by === 'position') return up ? event.position < next.first : event.position > next.last;
  return up ? event.occurred < next.firstOccurred : event.occurred > next.lastOccurred;
}

interface Found {
  readonly place: DigestPlace;
  readonly passes: boolean;
}

function windowOf(found: readonly Found[], from: number, to: number): Window {
  return { digests: found.slice(from, to).flatMap(({ place, passes }) => (passes ? [place] : [])), next: found[to]?.place ?? null };
}

/** Digests of which a part may lie between the places of a page; the order of time has an index at either end. */
function between({ order, head, after, before }: PageRequest): SQL {
  const [low, high] = order === 'NEWEST_FIRST' ? [before, after] : [after, before];
  return sql.join([sql`d.first <= ${head}`, ...reaches('last', low), ...reaches('first', high)], sql` and `);
}

function reaches(edge: 'first' | 'last', place: Place | undefined): readonly SQL[] {
  if (place === undefined) return [];
  const than = sql.raw(edge === 'first' ? '<=' : '>=');
  if (place.occurred === undefined) return [sql`d.${sql.raw(edge)} ${than} ${place.position}`];
  return [sql`d.${sql.raw(edge)}_occurred ${than} ${toTimestamp(place.occurred)}::timestamptz`];
}

function atOrBeyond({ by, up }: Direction): SQL {
  const columns = keyColumns({ by, up });
  const row = (of: string): string => `(${columns.map((column) => `${of}.${column}`).join(', ')})`;
  return sql.raw(`${row('d')} ${up ? '>=' : '<='} ${row('k')}`);
}

function orderSql(direction: Direction): SQL {
  return sql.raw(
    keyColumns(direction)
      .map((column) => `d.${column}${direction.up ? '' : ' desc'}`)
      .join(', '),
  );
}

/** The primary key, digests_by_first_occurred or digests_by_last_occurred. */
function keyColumns({ by, up }: Direction): readonly string[] {
  return by === 'position' ? ['last', 'part'] : [up ? 'first_occurred' : 'last_occurred', 'last', 'part'];
}

interface DigestRow {
  readonly first: string;
  readonly last: string;
  readonly part: number;
  readonly first_occurred: string;
  readonly last_occurred: string;
}

const placeColumns = sql.raw('d.first, d.last, d.part, d.first_occurred, d.last_occurred');

function isWhole(row: Partial<DigestRow>): row is DigestRow {
  return row.last !== null && row.last !== undefined;
}

function placeOf(row: DigestRow): DigestPlace {
  return {
    first: Number(row.first) as Position,
    last: Number(row.last) as Position,
    part: row.part,
    firstOccurred: fromTimestamp(row.first_occurred),
    lastOccurred: fromTimestamp(row.last_occurred),
  };
}

function fromRow({ from }: Pending): Readonly<Record<string, unknown>> {
  return {
    first_occurred: toTimestamp(from.firstOccurred),
    last_occurred: toTimestamp(from.lastOccurred),
    last: from.last,
    part: from.part,
  };
}

/** Digests looked into first, and next, before there is a search. */
const firstSize = 4;
const nextSize = 32;
