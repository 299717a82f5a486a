import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import type { PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { Instant } from '../../event/instant.ts';
import type { Database, PlanMode } from '../database/database.ts';
import { mayMatchSql, passingBlocks, prunedSearchSql } from '../skip-index/pruning-sql.ts';
import { directionOf, type Direction, type PageRequest, type PageBound } from './page-request.ts';
import { lastPosition, type PositionRange } from '../log/event-ranges.ts';
import type { ExtentLevel } from '../filter-sql/index-condition.ts';
import { unseen } from '../filter-sql/sql-fragments.ts';
import { fromTimestamp, toTimestamp } from '../database/timestamps.ts';

/** The positions and times of a block summary. */
export interface BlockRef {
  readonly first: Position;
  readonly last: Position;
  readonly cluster: number;
  readonly firstOccurred: Instant;
  readonly lastOccurred: Instant;
}

/** The next blocks to scan, in the direction of a page. */
export interface BlockWindow {
  readonly blocks: readonly BlockRef[];
  /**
   * The first block after the window; null at the end. All later events come after the near edge of
   * that block.
   */
  readonly next: BlockRef | null;
}

/**
 * The first two windows of a page, and the positions after the blocks up to `to`, up to its head: one range a
 * partition.
 */
export interface FirstWindows {
  readonly unindexed: readonly PositionRange[];
  readonly windows: readonly [BlockWindow, ...BlockWindow[]];
}

/**
 * Reads the first windows through the index of the direction. Common matches are found there,
 * without a search.
 */
export async function readFirstWindows(
  database: Database,
  request: PageRequest,
  { predicate, to }: { readonly predicate: PruningPredicate; readonly to: Position },
): Promise<FirstWindows> {
  const order = orderSql(directionOf(request));
  const size = firstWindowBlocks + secondWindowBlocks;
  const blocks = sql`
    select ${blockColumns}, ${mayMatchSql(predicate)} as passes
    from (select * from tidings.digests d where ${between(request)} and d.last <= u.upto order by ${order} limit ${size + 1}) d
    order by ${order}`;
  const { unindexed, found } = await readWithUnindexed(database, { blocks, to, head: request.head, planMode: 'custom' });
  return {
    unindexed,
    windows: [
      windowOf(found, 0, firstWindowBlocks),
      ...(found.length > firstWindowBlocks + 1 ? [windowOf(found, firstWindowBlocks, size)] : []),
    ],
  };
}

/**
 * All blocks that can have matches, as the first two windows, if there are at most `max`; else null. Rare matches are
 * found there. No summaries are read but those of row groups that pass: an order by time would need all.
 */
export async function readFewBlocks(
  database: Database,
  request: PageRequest,
  { predicate, max }: { readonly predicate: PruningPredicate; readonly max: number },
): Promise<FirstWindows | null> {
  const direction = directionOf(request);
  const { head } = request;
  const blocks = sql`
    select ${blockColumns}, true as passes
    from (
      select * from (${passingBlocks(predicate, direction)}) d
      where ${between(request)} and d.last <= u.upto
      limit ${unseen(sql`${max + 1}::bigint`)}
    ) d
    order by ${orderSql(direction)}`;
  const { unindexed, found } = await readWithUnindexed(database, { blocks, to: head, head, planMode: 'repeated' });
  if (found.length > max) return null;
  const first = max >> 1; // all can be more than a page needs
  return { unindexed, windows: [windowOf(found, 0, first), ...(found.length > first ? [windowOf(found, first, max)] : [])] };
}

interface WithUnindexed {
  /**
   * A query of blocks up to `u.upto`. Later ones would overlap the unindexed events, and an event that is found twice
   * takes two places on a page.
   */
  readonly blocks: SQL;
  /** The last row group ends at or before this position. Its blocks may interleave, those of two do not. */
  readonly to: Position;
  readonly head: Position;
  readonly planMode: PlanMode;
}

async function readWithUnindexed(
  database: Database,
  { blocks, to, head, planMode }: WithUnindexed,
): Promise<Pick<FirstWindows, 'unindexed'> & { readonly found: readonly Found[] }> {
  const rows = await database.rows<Partial<BlockRow> & { unindexed: string | null; passes: boolean | null }>(
    sql`
    select u.unindexed, d.*
    from (
      select max(indexed.upto) as upto,
        (json_agg(json_build_object('first', greatest(p.first, indexed.upto + 1), 'last', least(coalesce(p.last, p.end_position - 1), ${head}, ${lastPosition})) order by p.first)
          filter (where p.first is not null))::text as unindexed
      from (select coalesce((select last from tidings.digest_chapters where last <= ${to} order by last desc limit 1), ${origin}) as upto) indexed
      left join tidings.partitions p on coalesce(p.last, p.end_position - 1) > indexed.upto and p.first <= ${head} and p.removed is null
    ) u
    left join lateral (${blocks}) d on true`,
    planMode,
  );
  return {
    unindexed: JSON.parse(rows[0]?.unindexed ?? '[]') as readonly PositionRange[],
    found: rows.flatMap((row) => (isBlockRow(row) ? [{ row, passes: row.passes === true }] : [])),
  };
}

/** Which blocks a window has. */
export interface WindowRequest {
  readonly predicate: PruningPredicate;
  readonly from: BlockRef;
  /** The most blocks. */
  readonly size: number;
}

/** Reads a window of blocks that can have matches. */
export async function readWindow(database: Database, request: PageRequest, window: WindowRequest): Promise<BlockWindow> {
  const rows = await database.rows<BlockRow>(sql`
    select ${blockColumns} from (${windowSql(request, window)}) d order by ${orderSql(directionOf(request))}`);
  return windowOf(
    rows.map((row) => ({ row, passes: true })),
    0,
    window.size,
  );
}

/** The blocks of a window, and the first one after it, in order. */
export function windowSql(request: PageRequest, { predicate, from, size }: WindowRequest): SQL {
  const direction = directionOf(request);
  // coalesce hides from the planner how few summaries can pass; it would otherwise test all of them
  // and sort the result.
  return sql`
    select * from tidings.digests d
    where ${between(request)} and ${isAtOrBeyond(direction, from)} and coalesce(${prunedSearchSql(predicate)}, false)
    order by ${orderSql(direction)}
    limit ${size + 1}`;
}

/** The positions of the blocks of a window: from the first to the last, and the extents that they are in. */
export interface WindowPositions extends Pick<BlockWindow, 'next'> {
  readonly range: PositionRange;
  /** All positions of the partitions that hold the range. */
  readonly partitions: PositionRange;
  readonly extents: Readonly<Record<ExtentLevel, readonly number[]>>;
}

interface Found {
  readonly row: BlockRow;
  readonly passes: boolean;
}

function windowOf(found: readonly Found[], from: number, to: number): BlockWindow {
  const next = found[to];
  return {
    blocks: found.slice(from, to).flatMap(({ row, passes }) => (passes ? [blockRefOf(row)] : [])),
    next: next === undefined ? null : blockRefOf(next.row),
  };
}

/**
 * Blocks that overlap the bounds of a page. The order of time has an index for either end of a
 * block.
 */
function between({ order, head, after, before }: PageRequest): SQL {
  const [low, high] = order === 'NEWEST_FIRST' ? [before, after] : [after, before];
  return sql.join([sql`d.first <= ${head}`, ...reaches('last', low), ...reaches('first', high)], sql` and `);
}

function reaches(edge: 'first' | 'last', bound: PageBound | undefined): readonly SQL[] {
  if (bound === undefined) return [];
  const operator = sql.raw(edge === 'first' ? '<=' : '>=');
  if (bound.occurred === undefined) return [sql`d.${sql.raw(edge)} ${operator} ${bound.position}`];
  return [sql`d.${sql.raw(edge)}_occurred ${operator} ${toTimestamp(bound.occurred)}::timestamptz`];
}

/** Whether a block `d` is at another one or beyond it. */
export function isAtOrBeyond({ by, up }: Direction, { firstOccurred, lastOccurred, last, cluster }: BlockRef): SQL {
  const columns = sql.raw(
    `(${keyColumns({ by, up })
      .map((column) => `d.${column}`)
      .join(', ')})`,
  );
  const time = by === 'position' ? sql`` : sql`${toTimestamp(up ? firstOccurred : lastOccurred)}::timestamptz, `;
  return sql`${columns} ${sql.raw(up ? '>=' : '<=')} (${time}${last}::bigint, ${cluster}::smallint)`;
}

export function orderSql(direction: Direction): SQL {
  const columns = keyColumns(direction).map((column) => `d.${column}${direction.up ? '' : ' desc'}`);
  return sql.raw(columns.join(', '));
}

/** The columns of the primary key, or of the index on `first_occurred` or `last_occurred`. */
function keyColumns({ by, up }: Direction): readonly string[] {
  return by === 'position' ? ['last', 'part'] : [up ? 'first_occurred' : 'last_occurred', 'last', 'part'];
}

export interface BlockRow {
  readonly first: string;
  readonly last: string;
  readonly part: number;
  readonly first_occurred: string;
  readonly last_occurred: string;
}

export const blockColumns = sql.raw('d.first, d.last, d.part, d.first_occurred, d.last_occurred');

export function isBlockRow(row: Partial<BlockRow>): row is BlockRow {
  return row.last !== null && row.last !== undefined;
}

export function blockRefOf(row: BlockRow): BlockRef {
  return {
    first: Number(row.first) as Position,
    last: Number(row.last) as Position,
    cluster: row.part,
    firstOccurred: fromTimestamp(row.first_occurred),
    lastOccurred: fromTimestamp(row.last_occurred),
  };
}

/** Blocks of the first two windows, which are scanned before any search. */
const firstWindowBlocks = 4;
const secondWindowBlocks = 32;
