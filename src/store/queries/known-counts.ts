import { sql } from 'drizzle-orm';
import { stringifyJson } from '../../json/stringify-json.ts';
import type { Database } from '../database/database.ts';
import { eventsAfter } from './candidates.ts';
import type { CountRequest } from './page-request.ts';
import { isWithin } from './page-sql.ts';
import { maxLaterAfter, minAdvance, searchMemoryOf, type KnownCount } from './search-memory.ts';

/**
 * Counts all matching events up to `max` + 1 from a remembered count: adds the matches among all later events, in one
 * statement. Null: they must be counted.
 *
 * Assumes: nothing changes in the log up to a head, but for retention, which advances the log start in the
 * transaction that removes events.
 * Guarantees: the same number as a count.
 */
export async function readKnownCount(database: Database, request: CountRequest): Promise<number | null> {
  const known = searchMemoryOf(database).counts.get(stringifyJson(request.filter));
  const { head, max } = request;
  if (known === undefined || head < known.to || (!known.isExact && known.count <= max)) return null;
  const isCounted = known.count > max || head === known.to;
  if (!isCounted && head - known.to > maxLaterAfter[known.search]) return null;
  const later = sql`(select count(*) from (${eventsAfter(known.to, head)}) e where ${isWithin(request)})`;
  const [row] = await database.rows<{ later: string | null }>(
    sql`select case when log_start = ${known.logStart} then ${isCounted ? sql`0` : later} end as later from tidings.retention`,
    'repeated',
  );
  if (row?.later == null) return null;
  const count = known.count + Number(row.later);
  if (!isCounted && head - known.to > minAdvance) rememberCount(database, request, { ...known, count });
  return Math.min(count, max + 1);
}

/** Remembers a count. `logStart` was read before or with it. */
export function rememberCount(database: Database, { filter, head }: CountRequest, found: Omit<KnownCount, 'to'>): void {
  searchMemoryOf(database).counts.set(stringifyJson(filter), { ...found, to: head });
}
