import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import { coarseToFine, prunesNothing, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { Instant } from '../../event/instant.ts';
import type { Database } from '../database/database.ts';
import { usesTermIndex, mayMatchSql, prunedSearchSql } from '../skip-index/pruning-sql.ts';
import { directionOf, type Direction, type PageRequest, type PageBound, type PageScope } from './page-request.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import { fromTimestamp, toTimestamp } from '../database/timestamps.ts';
import { scopeTermRows, scopeTermTest } from './page-sql.ts';

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
 * The first two windows of a page, and the unindexed positions up to its head: one range a
 * partition.
 */
export interface FirstWindows {
  readonly unindexed: readonly PositionRange[];
  readonly windows: readonly [BlockWindow, ...BlockWindow[]];
}

/**
 * Reads the first windows through the index of the direction. Common matches are found there,
 * without a search. A predicate that prunes nothing gets one window, because the search will use
 * the scope.
 */
export async function readFirstWindows(database: Database, request: PageRequest, predicate: PruningPredicate): Promise<FirstWindows> {
  const order = orderSql(directionOf(request));
  const size = prunesNothing(predicate) ? firstWindowBlocks : firstWindowBlocks + secondWindowBlocks;
  const rows = await database.rows<Partial<BlockRow> & { unindexed: string | null; passes: boolean | null }>(sql`
    select u.unindexed, d.*
    from (
      select json_agg(json_build_object('first', greatest(p.first, indexed.upto + 1), 'last', least(coalesce(p.last, p.end_position - 1), ${request.head})) order by p.first)::text
        as unindexed
      from (select coalesce((select last from tidings.digests order by last desc limit 1), ${origin}) as upto) indexed
      join tidings.partitions p on coalesce(p.last, p.end_position - 1) > indexed.upto and p.first <= ${request.head} and p.removed is null
    ) u
    left join lateral (
      select ${blockColumns}, ${mayMatchSql(predicate)} as passes
      from (select * from tidings.digests d where ${between(request)} order by ${order} limit ${size + 1}) d
      order by ${order}
    ) d on true`);
  const found = rows.flatMap((row) => (isBlockRow(row) ? [{ block: blockRefOf(row), passes: row.passes === true }] : []));
  return {
    unindexed: JSON.parse(rows[0]?.unindexed ?? '[]') as readonly PositionRange[],
    windows: [
      windowOf(found, 0, firstWindowBlocks),
      ...(found.length > firstWindowBlocks + 1 ? [windowOf(found, firstWindowBlocks, size)] : []),
    ],
  };
}

/** A key of a page, and the block from which to continue its search. */
export interface PendingKey {
  readonly value: string;
  readonly from: BlockRef;
}

/**
 * Reads a window of up to `size` blocks for each key, through the term index if it selects. Tests
 * the fine predicate only on the blocks that are next in order.
 */
export async function readWindows(
  database: Database,
  request: PageRequest,
  {
    scope,
    predicate,
    pending,
    size,
  }: { readonly scope: PageScope; readonly predicate: PruningPredicate; readonly pending: readonly PendingKey[]; readonly size: number },
): Promise<readonly BlockWindow[]> {
  const direction = directionOf(request);
  const scopeTest = scopeTermTest(scope);
  const { coarse, fine } = coarseToFine(predicate);
  const terms = scopeTermRows(
    scope,
    pending.map(({ value }) => value),
  );
  const keys = pending.map((key, n) => ({ ...terms[n], ...fromRow(key) }));
  const withinPage = sql`(${between(request)} and ${atOrBeyond(direction)})`;
  // If the term index serves, no other index must: the planner does not know the cost of reading
  // all terms. If it does not, the summaries are read in order until enough pass. coalesce hides
  // from the planner how few can pass; it would otherwise test all of them and sort the result.
  const search =
    scopeTest === null && !usesTermIndex(coarse)
      ? sql`${withinPage} and coalesce(${prunedSearchSql(coarse)}, false)`
      : sql`${withinPage} is true and ${prunedSearchSql(coarse)} and ${scopeTest ?? sql`true`} offset 0`;
  const rows = await database.rows<BlockRow & { n: string; passes: boolean }>(sql`
    select k.n, ${blockColumns}, ${mayMatchSql(fine)} as passes
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
  for (const row of rows) perKey[Number(row.n)]?.push({ block: blockRefOf(row), passes: row.passes });
  return perKey.map((found) => windowOf(found, 0, size));
}

/** Whether an event comes before all events of a block, in the direction of a page. */
export function comesBefore(
  event: { readonly position: Position; readonly occurred: Instant },
  next: BlockRef,
  { by, up }: Direction,
): boolean {
  if (by === 'position') return up ? event.position < next.first : event.position > next.last;
  return up ? event.occurred < next.firstOccurred : event.occurred > next.lastOccurred;
}

interface Found {
  readonly block: BlockRef;
  readonly passes: boolean;
}

function windowOf(found: readonly Found[], from: number, to: number): BlockWindow {
  return { blocks: found.slice(from, to).flatMap(({ block, passes }) => (passes ? [block] : [])), next: found[to]?.block ?? null };
}

/**
 * Blocks that overlap the bounds of a page. The order of time has an index for either end of a
 * block.
 */
export function between({ order, head, after, before }: PageRequest): SQL {
  const [low, high] = order === 'NEWEST_FIRST' ? [before, after] : [after, before];
  return sql.join([sql`d.first <= ${head}`, ...reaches('last', low), ...reaches('first', high)], sql` and `);
}

function reaches(edge: 'first' | 'last', bound: PageBound | undefined): readonly SQL[] {
  if (bound === undefined) return [];
  const operator = sql.raw(edge === 'first' ? '<=' : '>=');
  if (bound.occurred === undefined) return [sql`d.${sql.raw(edge)} ${operator} ${bound.position}`];
  return [sql`d.${sql.raw(edge)}_occurred ${operator} ${toTimestamp(bound.occurred)}::timestamptz`];
}

export function atOrBeyond({ by, up }: Direction): SQL {
  const columns = keyColumns({ by, up });
  const row = (alias: string): string => `(${columns.map((column) => `${alias}.${column}`).join(', ')})`;
  return sql.raw(`${row('d')} ${up ? '>=' : '<='} ${row('k')}`);
}

export function orderSql(direction: Direction): SQL {
  return sql.raw(
    keyColumns(direction)
      .map((column) => `d.${column}${direction.up ? '' : ' desc'}`)
      .join(', '),
  );
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

export function fromRow({ from }: Pick<PendingKey, 'from'>): Readonly<Record<string, unknown>> {
  return {
    first_occurred: toTimestamp(from.firstOccurred),
    last_occurred: toTimestamp(from.lastOccurred),
    last: from.last,
    part: from.cluster,
  };
}

/** Blocks of the first two windows, which are scanned before any search. */
const firstWindowBlocks = 4;
const secondWindowBlocks = 32;
