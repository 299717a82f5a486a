import { sql } from 'drizzle-orm';
import type { CountsRequest } from './count-events.ts';
import type { Database } from '../database/database.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';

/**
 * Counts events by intervals of `length` microseconds that can start within a second, which
 * `readCounts` cannot. The key is the ordinal of the interval after `origin`, in microseconds since
 * 1970. One statement, through events_by_occurred: only for ranges that the bounds of the filter
 * keep short. Throws LIMIT_EXCEEDED if it takes too long.
 */
export async function countFixedIntervals(
  database: Database,
  { filter, head }: Omit<CountsRequest, 'dimensions'>,
  { length, origin }: { readonly length: bigint; readonly origin: bigint },
): Promise<ReadonlyMap<bigint, number>> {
  const rows = await database.rows<{ ordinal: string; count: string }>(sql`
    select floor(((extract(epoch from e.occurred) * 1000000)::numeric - ${String(origin)}::numeric) / ${String(length)}::numeric)::bigint as ordinal,
      count(*) as count
    from tidings.events e
    where e.position <= ${head} and ${sqlOf(filter)}
    group by 1`);
  return new Map(rows.map(({ ordinal, count }) => [BigInt(ordinal), Number(count)]));
}
