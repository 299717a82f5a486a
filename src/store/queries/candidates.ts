import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import { everything } from '../../filter/filter.ts';
import { boundedRows, type PartialRow } from '../database/bounded-rows.ts';
import type { Database, PlanMode } from '../database/database.ts';
import { storedColumns } from '../database/event-row.ts';
import { extentsOf, inExtents } from '../filter-sql/index-condition.ts';
import { unseen } from '../filter-sql/sql-fragments.ts';
import { lastPosition } from '../log/event-ranges.ts';
import { logStartOf } from '../log/log-start.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import type { WindowPositions } from './block-windows.ts';
import { directionOf, everyEvent, type CountRequest, type PageRequest, type RowScope } from './page-request.ts';
import { inScope, isWithin, keyRows, orderText, rowsOfKeys } from './page-sql.ts';

/** Which of the events that the index of the events finds are tested: the candidates. */
export interface CandidateSearch extends RowScope {
  readonly condition: IndexCondition;
  /** The most candidates of each key. */
  readonly max: number;
}

/** The first matches of a key, one more than the limit, or none. */
export interface Matches {
  readonly rows: readonly PartialRow[];
  /** Whether there is no other match before the last of these. Otherwise there are no rows. */
  readonly areAll: boolean;
}

/** Matches of the index; without all, there are more candidates than the most. */
export interface IndexedMatches extends Matches {
  /** Whether the newest events have too many candidates for a search of the log. */
  readonly areManyNew: boolean;
}

/**
 * Finds the matches of each key in the log, up to `condition.to` and among `later` events. Does not search for
 * a condition that is common among the newest events: that would collect all of its events.
 */
export function findInLog(
  database: Database,
  request: PageRequest,
  { later = null, ...search }: CandidateSearch & Partial<Pick<MatchesSql, 'later'>>,
): Promise<readonly IndexedMatches[]> {
  const { condition, max } = search;
  return readMatches(database, request, {
    ...search,
    later,
    newest: commonness(condition, request.head, max),
    candidates: candidatesInLog(condition, request.head, max),
    planMode: 'repeated',
  });
}

/** Finds the matches of each key in a window of blocks, up to `to`; `extents` has all extents of the window. */
export function findInWindow(
  database: Database,
  request: PageRequest,
  search: CandidateSearch & { readonly window: Omit<WindowPositions, 'extents' | 'next'>; readonly extents: readonly number[] },
): Promise<readonly Matches[]> {
  const { condition, max, window, extents } = search;
  const inPartitions = sql`e.position between ${window.partitions.first} and ${window.partitions.last}`;
  const met = sql`${condition.met} and ${inExtents(sql`${`{${extents.join(',')}}`}::text::int[]`)}`;
  return readMatches(database, request, {
    ...search,
    newest: sql`select false as are_many`,
    later: null,
    candidates: limitedCandidates(met, { range: window.range, inPartitions }, max),
    planMode: 'custom',
  });
}

interface MatchesSql {
  /** One row: whether there are too many to search for, which saves the search. */
  readonly newest: SQL;
  /** The candidates, and one more than the most. */
  readonly candidates: SQL;
  /** Further events, which are all tested. */
  readonly later: SQL | null;
  readonly planMode: PlanMode;
}

async function readMatches(
  database: Database,
  request: PageRequest,
  { scope, keys, parts, max, newest, candidates, later, planMode }: CandidateSearch & MatchesSql,
): Promise<readonly IndexedMatches[]> {
  const order = orderText(directionOf(request));
  const found = sql`
    select k.n, s.*
    from ${keyRows(keys)}
    cross join lateral (
      with newest as materialized (${newest}),
      candidates as materialized (select * from (${candidates}) e where not (select are_many from newest))
      select c.are_all, c.are_many_new, e.*
      from (
        select count(*) <= ${max} and not (select are_many from newest) as are_all, (select are_many from newest) as are_many_new from candidates
      ) c
      left join lateral (
        select ${storedColumns} from ${later === null ? sql`candidates` : sql`(select * from candidates union all (${later}))`} e
        where c.are_all and ${inScope[scope]} and ${isWithin(request)}
        order by ${sql.raw(order)}
        limit ${unseen(sql`${request.limit + 1}::bigint`)}
      ) e on true
    ) s`;
  const rows = await database.rows<PartialRow & { n: string; are_all: boolean; are_many_new: boolean; position: string | null }>(
    boundedRows({ found, order, extras: ['n', 'are_all', 'are_many_new'], parts }),
    planMode,
  );
  return rowsOfKeys(keys, rows).map((found) => ({
    rows: found.filter(({ position }) => position !== null),
    areAll: found.every((row) => row.are_all),
    areManyNew: found.some((row) => row.are_many_new),
  }));
}

/** Counts the matches of each key in the whole log, as `findInLog`. Null: the log has later events than one statement tests. */
export async function countInLog(
  database: Database,
  request: CountRequest,
  { scope, keys, condition, max }: Omit<CandidateSearch, 'parts'>,
): Promise<CountsInLog | null> {
  if (!isNearHead(condition, request.head)) return null;
  const matching = sql`${inScope[scope]} and ${isWithin(request)}`;
  const later = laterEvents(condition, request.head);
  const laterCount = later === null ? sql`` : sql` + (select count(*) from (${later}) e where ${matching})`;
  const rows = await database.rows<{ count: string | null; log_start: string }>(
    sql`
    select c.count, (select log_start from tidings.retention) as log_start
    from ${keyRows(keys)}
    cross join lateral (
      with newest as materialized (${commonness(condition, request.head, max)})
      select case when count(*) <= ${max} and not (select are_many from newest) then count(*) filter (where ${matching})${laterCount} end as count
      from (${candidatesInLog(condition, request.head, max)}) e
      where not (select are_many from newest)
    ) c
    order by k.n`,
    'repeated',
  );
  return { counts: rows.map(({ count }) => (count === null ? null : Number(count))), logStart: logStartOf(rows) };
}

export interface CountsInLog {
  /** Of each key; null: there are too many candidates. */
  readonly counts: readonly (number | null)[];
  /** Of the log that was counted. */
  readonly logStart: Position;
}

/** Whether the index finds at most `max` events up to a head, and few of these among the newest ones. */
export async function isSelective(
  database: Database,
  condition: IndexCondition,
  { head, max }: { readonly head: Position; readonly max: number },
): Promise<boolean> {
  const found = await countInLog(database, { filter: everything, order: 'LOG', head, max }, { ...everyEvent, condition, max });
  return found !== null && !found.counts.includes(null);
}

/** At most `max` + 1 of the events that the index finds in the log. */
function candidatesInLog(condition: IndexCondition, head: Position, max: number): SQL {
  return limitedCandidates(condition.met, { range: { first: origin, last: endOf(condition, head) }, inPartitions: sql`true` }, max);
}

/** The events up to a head that the index does not serve; null: there are none. */
export function laterEvents({ to }: IndexCondition, head: Position): SQL | null {
  if (to >= head) return null;
  return eventsAfter(to, head);
}

/** The events after a position, up to a head. `offset 0` keeps the planner from searching the index of the events for their matches. */
export function eventsAfter(position: Position, head: Position): SQL {
  return sql`select * from tidings.events e where e.position > ${unseenPosition(position)} and e.position <= ${unseenPosition(head)} offset 0`;
}

/** A range of the log, and a condition that selects the partitions that hold it. */
interface SearchedRange extends Pick<WindowPositions, 'range'> {
  readonly inPartitions: SQL;
}

/**
 * At most `max` + 1 of the events that the index finds. Only the index must serve: `offset 0` keeps
 * the limit from the planner, which would else read all events in the hope that few are needed, and
 * `is true` the positions.
 */
function limitedCandidates(condition: SQL, { range, inPartitions }: SearchedRange, max: number): SQL {
  return sql`
    select * from (
      select * from tidings.events e
      where ${condition} and ${inPartitions} and (e.position between ${unseenPosition(range.first)} and ${unseenPosition(range.last)}) is true
      offset 0
    ) e
    limit ${unseen(sql`${max + 1}::bigint`)}`;
}

function unseenPosition(position: Position): SQL {
  return unseen(sql`${position}::bigint`);
}

/** Whether the events that the index does not serve are so few that one statement can test them. */
export function isNearHead({ to }: IndexCondition, head: Position): boolean {
  return head - to <= maxLaterPositions;
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
  const last = sql`least(coalesce(p.last, p.end_position - 1), ${to}, ${lastPosition})`;
  const extents = sql`array(
    select b.key
    from (select p.first, ${last} as last from tidings.partitions p where p.first <= ${to} and p.removed is null order by p.first desc limit 2) p
    cross join lateral ${extentsOf('small', { first: sql`greatest(p.first, p.last - ${newestEvents}::bigint)`, last: sql`p.last` })} b)`;
  const first = Math.max(origin, (Math.floor(to / partitionPositions) - 1) * partitionPositions) as Position;
  return sql`
    select count(*) > ${most} as are_many
    from (${limitedCandidates(sql`${condition.met} and ${inExtents(extents)}`, { range: { first, last: to }, inPartitions: sql`e.position >= ${unseenPosition(first)}` }, most)}) e`;
}

/** Several row groups. */
const maxLaterPositions = 65_536;
/** An even distribution has at most `max` matches among eight times as many events. */
const newestEvents = 8192;
const newestEventsPerMatch = 8;
/** The fewest positions of a partition (src/maintenance/retention.ts), on which all of them begin. */
const partitionPositions = 2 ** 24;
