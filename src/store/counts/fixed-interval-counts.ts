import { sql } from 'drizzle-orm';
import type { CountsRequest } from './count-events.ts';
import type { Database } from '../database/database.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';

/**
 * Counts events by spans that may begin within seconds, which `counts` cannot: by how many of them, of `length`
 * microseconds, lie between `origin` (from 1970) and the event. For stretches of time that the filter's bounds keep short:
 * one statement, by events_by_occurred. Throws LIMIT_EXCEEDED when it takes too long.
 */
export async function countFixedIntervals(
  database: Database,
  { filter, head }: Omit<CountsRequest, 'dimensions'>,
  { length, origin }: { readonly length: bigint; readonly origin: bigint },
): Promise<ReadonlyMap<bigint, number>> {
  const rows = await database.rows<{ span: string; count: string }>(sql`
    select floor(((extract(epoch from e.occurred) * 1000000)::numeric - ${String(origin)}::numeric) / ${String(length)}::numeric)::bigint as span,
      count(*) as count
    from tidings.events e
    where e.position <= ${head} and ${sqlOf(filter)}
    group by 1`);
  return new Map(rows.map(({ span, count }) => [BigInt(span), Number(count)]));
}
