import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import { everything } from '../../filter/filter.ts';
import { boundedRows, type PartialRow } from '../database/bounded-rows.ts';
import type { Database } from '../database/database.ts';
import { storedColumns } from '../database/event-row.ts';
import { extentsOf, inExtents } from '../filter-sql/index-condition.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import type { WindowPositions } from './block-windows.ts';
import { directionOf, everyEvent, type CountRequest, type PageRequest, type RowScope } from './page-request.ts';
import { inScope, isWithin, keyRows, orderSql } from './page-sql.ts';

/** Which of the events that the index of the events finds are tested: the candidates. */
export interface CandidateSearch extends RowScope {
  readonly condition: IndexCondition;
  /** The most candidates of each key. */
  readonly max: number;
}

/** The matches among the candidates of a key. */
export interface Matches {
  readonly rows: readonly PartialRow[];
  /** Whether these are all. Otherwise there are more candidates than the most, and no rows. */
  readonly areAll: boolean;
}

/**
 * Finds the matches of each key in the whole log up to `condition.to`. Does not search for a condition
 * that is common among the newest events: that would collect all of its events.
 */
export function findInLog(database: Database, request: PageRequest, search: CandidateSearch): Promise<readonly Matches[]> {
  const { condition, max } = search;
  return readMatches(database, request, {
    ...search,
    newest: commonness(condition, request.head, max),
    candidates: limitedCandidates(condition.met, upTo(endOf(condition, request.head)), max),
  });
}

/** Finds the matches of each key in a window of blocks, up to `to`; `extents` has all extents of the window. */
export function findInWindow(
  database: Database,
  request: PageRequest,
  search: CandidateSearch & { readonly window: Omit<WindowPositions, 'extents' | 'next'>; readonly extents: readonly number[] },
): Promise<readonly Matches[]> {
  const { condition, max, window, extents } = search;
  const met = sql`${condition.met} and ${inExtents(sql`${`{${extents.join(',')}}`}::text::int[]`)}`;
  return readMatches(database, request, {
    ...search,
    newest: sql`select false as are_many`,
    candidates: limitedCandidates(met, window, max),
  });
}

interface MatchesSql {
  /** One row: whether there are too many to search for, which saves the search. */
  readonly newest: SQL;
  /** The candidates, and one more than the most. */
  readonly candidates: SQL;
}

async function readMatches(
  database: Database,
  request: PageRequest,
  { scope, keys, parts, max, newest, candidates }: CandidateSearch & MatchesSql,
): Promise<readonly Matches[]> {
  const order = orderSql(directionOf(request));
  const found = sql`
    select k.n, s.*
    from ${keyRows(keys)}
    cross join lateral (
      with newest as materialized (${newest}),
      candidates as materialized (select * from (${candidates}) e where not (select are_many from newest))
      select c.are_all, e.*
      from (select count(*) <= ${max} and not (select are_many from newest) as are_all from candidates) c
      left join lateral (
        select ${storedColumns} from candidates e
        where c.are_all and ${inScope[scope]} and ${isWithin(request)}
        order by ${order}
        limit ${request.limit + 1}
      ) e on true
    ) s`;
  const rows = await database.rows<PartialRow & { n: string; are_all: boolean; position: string | null }>(
    boundedRows({ found, order, extras: sql`e.n, e.are_all,`, parts }),
  );
  const areAll = keys.map(() => true);
  const matches: PartialRow[][] = keys.map(() => []);
  for (const row of rows) {
    const index = Number(row.n) - 1;
    if (!row.are_all) areAll[index] = false;
    else if (row.position !== null) matches[index]?.push(row);
  }
  return keys.map((_, index) => ({ rows: matches[index] ?? [], areAll: areAll[index] === true }));
}

/** Counts the matches of each key in the whole log, as `findInLog`; null: there are too many candidates. */
export async function countInLog(
  database: Database,
  request: CountRequest,
  { scope, keys, condition, max }: Omit<CandidateSearch, 'parts'>,
): Promise<readonly (number | null)[]> {
  const rows = await database.rows<{ count: string | null }>(sql`
    select c.count
    from ${keyRows(keys)}
    cross join lateral (
      with newest as materialized (${commonness(condition, request.head, max)})
      select case when count(*) <= ${max} and not (select are_many from newest) then count(*) filter (where ${inScope[scope]} and ${isWithin(request)}) end as count
      from (${limitedCandidates(condition.met, upTo(endOf(condition, request.head)), max)}) e
      where not (select are_many from newest)
    ) c
    order by k.n`);
  return rows.map(({ count }) => (count === null ? null : Number(count)));
}

/** Whether the index finds at most `max` events up to a head, and few of these among the newest ones. */
export async function isSelective(
  database: Database,
  condition: IndexCondition,
  { head, max }: { readonly head: Position; readonly max: number },
): Promise<boolean> {
  const [count] = await countInLog(database, { filter: everything, order: 'LOG', head, max }, { ...everyEvent, condition, max });
  return count !== null;
}

/** A range of the log, and all positions of the partitions that hold it. */
type SearchedRange = Pick<WindowPositions, 'range' | 'partitions'>;

function upTo(last: Position): SearchedRange {
  return within({ first: origin, last });
}

function within(range: PositionRange): SearchedRange {
  return { range, partitions: range };
}

/**
 * At most `max` + 1 of the events that the index finds. Only the index must serve: `offset 0` keeps
 * the limit from the planner, which would else read all events in the hope that few are needed, and
 * `is true` the positions.
 */
function limitedCandidates(condition: SQL, { range, partitions }: SearchedRange, max: number): SQL {
  return sql`
    select * from (
      select * from tidings.events e
      where ${condition} and e.position between ${partitions.first} and ${partitions.last}
        and (e.position between ${range.first} and ${range.last}) is true
      offset 0
    ) e
    limit ${max + 1}`;
}

function endOf({ to }: IndexCondition, head: Position): Position {
  return Math.min(to, head) as Position;
}

/**
 * Whether the index finds many events among the newest ones, which are the last of the newest partition
 * and of the one before it: so many that the log is likely to have more than `max`.
 */
function commonness(condition: IndexCondition, head: Position, max: number): SQL {
  const to = endOf(condition, head);
  const most = Math.floor(max / newestEventsPerMatch);
  const last = sql`least(coalesce(p.last, p.end_position - 1), ${to})`;
  const extents = sql`array(
    select b.key
    from (select p.first, ${last} as last from tidings.partitions p where p.first <= ${to} and p.removed is null order by p.first desc limit 2) p
    cross join lateral ${extentsOf('small', { first: sql`greatest(p.first, p.last - ${newestEvents}::bigint)`, last: sql`p.last` })} b)`;
  const first = Math.max(origin, (Math.floor(to / partitionPositions) - 1) * partitionPositions) as Position;
  return sql`
    select count(*) > ${most} as are_many
    from (${limitedCandidates(sql`${condition.met} and ${inExtents(extents)}`, within({ first, last: to }), most)}) e`;
}

/** An even distribution has at most `max` matches among eight times as many events. */
const newestEvents = 8192;
const newestEventsPerMatch = 8;
/** The fewest positions of a partition (src/maintenance/retention.ts), on which all of them begin. */
const partitionPositions = 2 ** 24;
