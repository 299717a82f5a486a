import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import { sqlState } from '../database/database-errors.ts';
import type { Database } from '../database/database.ts';
import { extentsOf, inExtents } from '../filter-sql/index-condition.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import { toTimestamp } from '../database/timestamps.ts';
import { blockColumns, blockRefOf, isAtOrBeyond, orderSql, type BlockRef, type BlockRow } from './block-windows.ts';
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

/**
 * The first block at or beyond another one that can have events at or beyond the position `edge`, in the direction
 * of a page; null: there is none.
 *
 * Assumes: `partition` holds `edge`, and nothing between its near end and `edge` is wanted.
 * Guarantees: no block before the result, from `from` on, has an event at or beyond `edge`.
 *
 * Why from the times of events? No index finds the latest block of some partitions, but each partition has one
 * that finds its latest event. Only the blocks of two row groups can have a later end than the events that are
 * left: those at the near end of the partition, with events of the next one, and at the log start, with removed
 * events. Their own times count.
 */
async function readFirstBlock(
  database: Database,
  request: PageRequest,
  { from, edge, partition }: { readonly from: BlockRef; readonly edge: Position; readonly partition: PositionRange },
): Promise<BlockRef | null> {
  const direction = directionOf(request);
  const { by, up } = direction;
  const nearEnd = up ? partition.first : partition.last;
  const isBeyond = sql`(${isAtOrBeyond(direction, from)}) is true`;
  const [column, operator, extreme, nearest] = up
    ? (['first_occurred', '>=', 'min', 'least'] as const)
    : (['last_occurred', '<=', 'max', 'greatest'] as const);
  const time = sql`${toTimestamp(up ? from.firstOccurred : from.lastOccurred)}::timestamptz`;
  // The limit is more than a row group has. It keeps the planner from the index on times.
  const timeBound = sql`d.${sql.raw(`${column} ${operator} ${nearest}`)}(
    (
      select e.occurred from tidings.events e
      where e.position ${sql.raw(up ? '>=' : '<=')} ${nearEnd} and e.occurred ${sql.raw(operator)} ${time}
      order by ${sql.raw(`e.occurred ${up ? '' : 'desc'}`)} limit 1
    ),
    (
      select ${sql.raw(`${extreme}(d.${column})`)}
      from (select ${nearEnd}::bigint as at union all select log_start + 1 from tidings.retention) r
      cross join lateral (
        select * from tidings.digests d
        where d.last > coalesce((select c.last from tidings.digest_chapters c where c.last < r.at order by c.last desc limit 1), ${origin})
          and d.last <= ${rowGroupEnd(sql`r.at`)}
        order by d.last, d.part limit 1000
      ) d
      where ${isBeyond}
    )
  )`;
  const positionBound = up ? sql`d.last >= ${edge}` : sql`d.last <= coalesce(${rowGroupEnd(sql`${edge}`)}, ${edge})`;
  const [row] = await database.rows<BlockRow>(sql`
    select ${blockColumns} from tidings.digests d
    where ${by === 'time' ? sql`${timeBound} and (${positionBound}) is true` : positionBound} and ${isBeyond}
    order by ${orderSql(direction)} limit 1`);
  return row === undefined ? null : blockRefOf(row);
}

/** The end of the row group that holds a position, or of the next one. */
function rowGroupEnd(position: SQL): SQL {
  return sql`(select c.last from tidings.digest_chapters c where c.last >= ${position} order by c.last limit 1)`;
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
