import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import { readFirstBlock, type BlockRef } from './block-windows.ts';
import { directionOf, type PageRequest } from './page-request.ts';
import { keyRows } from './page-sql.ts';

/**
 * The first block after `from`, in the direction of a page, of the partitions that are left when those
 * at the near end of the log without any event that the index finds are skipped. Null: no such block.
 */
export async function nextOccupied(
  database: Database,
  request: PageRequest,
  { condition, keys, from }: { readonly condition: IndexCondition; readonly keys: readonly string[]; readonly from: BlockRef },
): Promise<BlockRef | null> {
  const { up } = directionOf(request);
  const partitions = await readPartitions(database, request.head);
  if (partitions.length < 2) return from;
  const inOrder = up ? partitions : partitions.toReversed();
  // A query for each partition, so that the planner reads no other. The first result ends them.
  const queries = inOrder.map(
    ({ first, last }, n) => sql`
      select ${n}::int as n where exists (
        select from ${keyRows(keys)} cross join lateral (
          select from (select from tidings.events e where ${condition.met} and e.position between ${first} and ${last} offset 0) e limit 1
        ) found
      )`,
  );
  const [occupied] = await database.rows<{ n: number }>(sql`select n from (${sql.join(queries, sql` union all `)}) o limit 1`);
  const nearest = occupied === undefined ? undefined : inOrder[occupied.n];
  return nearest === undefined ? null : readFirstBlock(database, request, { from, edge: up ? nearest.first : nearest.last });
}

/** The positions of each partition up to a head, in ascending order. */
async function readPartitions(database: Database, head: Position): Promise<readonly PositionRange[]> {
  const rows = await database.rows<{ first: string; last: string }>(
    sql`select first, end_position - 1 as last from tidings.partitions where first <= ${head} and removed is null order by first`,
  );
  return rows.map(({ first, last }) => ({ first: Number(first) as Position, last: Number(last) as Position }));
}
