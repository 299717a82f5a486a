import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import { sqlState } from '../database/database-errors.ts';
import type { Database } from '../database/database.ts';
import { extentsOf, inExtents } from '../filter-sql/index-condition.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import { readFirstBlock, type BlockRef } from './block-windows.ts';
import { directionOf, type PageRequest } from './page-request.ts';
import { keyRows } from './page-sql.ts';

/**
 * The first block after `from`, in the direction of a page, that is left when the near end of the log without
 * any event that the index finds is skipped: partitions, then extents of one. Null: no such block.
 */
export async function nextOccupied(database: Database, request: PageRequest, search: OccupiedSearch): Promise<BlockRef | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await searchTables(database, request, search);
    } catch (error) {
      // Retention has dropped a table.
      if (sqlState(error) !== undefinedTable || attempt === maxAttempts) throw error;
    }
  }
}

interface OccupiedSearch {
  readonly condition: IndexCondition;
  readonly keys: readonly string[];
  readonly from: BlockRef;
}

/** The tables of partitions are named: a condition on all partitions takes longer to plan than to search for. */
async function searchTables(database: Database, request: PageRequest, { condition, keys, from }: OccupiedSearch): Promise<BlockRef | null> {
  const { up } = directionOf(request);
  const found = (partition: PositionRange, met: SQL): SQL => sql`
    select from ${keyRows(keys)}
    cross join lateral (select from ${sql.raw(`tidings.events_${partition.first}`)} e where ${met} offset 0) e
    limit 1`;
  const partitions = await readPartitions(database, request.head);
  const inOrder = up ? partitions : partitions.toReversed();
  // The first result ends them.
  const queries = inOrder.map((each, n) => sql`(select ${n}::int as n from (${found(each, condition.met)}) e)`);
  const [nearest] =
    inOrder.length < 2
      ? [{ n: 0 }]
      : await database.rows<{ n: number }>(sql`select n from (${sql.join(queries, sql` union all `)}) o limit 1`, 'repeated');
  const partition = nearest === undefined ? undefined : inOrder[nearest.n];
  if (partition === undefined) return null;
  const { first, last } = partition;
  const order = sql.raw(`order by first ${up ? '' : 'desc'}`);
  const inExtent = (key: SQL): SQL => found(partition, sql`${condition.met} and ${inExtents(sql`array[${key}]`)}`);
  const within = { first: sql`greatest(l.first, ${first})`, last: sql`least(l.last, ${last})` };
  const [extent] = await database.rows<{ first: string; last: string }>(sql`
    select s.first, s.last
    from (select * from ${extentsOf('large', { first: sql`${first}`, last: sql`${last}` })} b ${order}) l
    cross join lateral (${inExtent(sql`l.key`)}) in_large
    cross join lateral (select * from ${extentsOf('small', within)} b ${order}) s
    cross join lateral (${inExtent(sql`s.key`)}) in_small
    limit 1`);
  const edge = up ? Math.max(first, Number(extent?.first ?? first)) : Math.min(last, Number(extent?.last ?? last));
  return readFirstBlock(database, request, { from, edge: edge as Position, partition });
}

/** The positions of each partition that have been used up to a head, in ascending order. */
async function readPartitions(database: Database, head: Position): Promise<readonly PositionRange[]> {
  const rows = await database.rows<{ first: string; last: string }>(sql`
    select first, least(last, end_position - 1, ${head}) as last from tidings.partitions
    where first <= ${head} and removed is null order by first`);
  return rows.map(({ first, last }) => ({ first: Number(first) as Position, last: Number(last) as Position }));
}

/** SQLSTATE. */
const undefinedTable = '42P01';
const maxAttempts = 5;
