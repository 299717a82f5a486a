import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import { sqlState } from '../database/database-errors.ts';
import type { Database } from '../database/database.ts';
import { extentsOf, inExtents } from '../filter-sql/index-condition.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import { rowGroupEnd } from '../skip-index/pruning-sql.ts';
import { toTimestamp } from '../database/timestamps.ts';
import { blockColumns, blockRefOf, isAtOrBeyond, orderSql, type BlockRef, type BlockRow } from './block-windows.ts';
import { directionOf, type PageRequest } from './page-request.ts';
import { keyRows } from './page-sql.ts';

/**
 * The first block after `from`, in the direction of a page, that is left when the near end of the log without
 * any event that the index finds is skipped: large extents, then small ones. Null: no such block.
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

/**
 * The tables of partitions are named: a condition on all partitions takes longer to plan than to search for. They are
 * searched extent by extent: the index reads all events of a condition that are in what is searched, not the first one.
 */
async function searchTables(database: Database, request: PageRequest, { condition, keys, from }: OccupiedSearch): Promise<BlockRef | null> {
  const { up } = directionOf(request);
  /** The first of some extents in which the index finds an event of a partition. */
  const firstExtent = ({ first }: PositionRange, extents: SQL): SQL => sql`
    select x.first, x.last
    from (select * from ${extents} b order by first ${sql.raw(up ? '' : 'desc')}) x
    cross join lateral (
      select from ${keyRows(keys)}
      cross join lateral (
        select from ${sql.raw(`tidings.events_${first}`)} e where ${condition.met} and ${inExtents(sql`array[x.key]`)} offset 0
      ) e
      limit 1
    ) found
    limit 1`;
  const partitions = await readPartitions(database, request.head);
  const nearestFirst = up ? partitions : partitions.toReversed();
  const queries = nearestFirst.map(
    (each, n) => sql`(select ${n}::int as n, l.first, l.last from (${firstExtent(each, extentsOf('large', boundsOf(each)))}) l)`,
  );
  // The first result ends them.
  const [large] = await database.rows<{ n: number; first: string; last: string }>(
    sql`select * from (${sql.join(queries, sql` union all `)}) o limit 1`,
    'repeated',
  );
  const partition = large === undefined ? undefined : nearestFirst[large.n];
  if (large === undefined || partition === undefined) return null;
  const { first, last } = partition;
  const within = { first: Math.max(first, Number(large.first)), last: Math.min(last, Number(large.last)) };
  const [small] = await database.rows<{ first: string; last: string }>(firstExtent(partition, extentsOf('small', boundsOf(within))));
  const edge = up ? Math.max(first, Number(small?.first ?? first)) : Math.min(last, Number(small?.last ?? last));
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

function boundsOf({ first, last }: Readonly<Record<'first' | 'last', number>>): Readonly<Record<'first' | 'last', SQL>> {
  return { first: sql`${first}::bigint`, last: sql`${last}::bigint` };
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
