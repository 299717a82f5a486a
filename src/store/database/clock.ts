import { sql } from 'drizzle-orm';
import type { Instant } from '../../event/instant.ts';
import type { Database } from './database.ts';
import { fromTimestamp } from './timestamps.ts';

export type Clock = () => Promise<Instant>;

/** The clock of the database server, which sets the time of receipt of events. */
export function databaseClock(database: Database): Clock {
  return async () => {
    const [row] = await database.rows<{ now: string }>(sql`select clock_timestamp() as now`);
    if (row === undefined) throw new Error('the database returned no time');
    return fromTimestamp(row.now);
  };
}
