import { sql } from 'drizzle-orm';
import type { Position } from '../../../src/event/cursor.ts';
import type { Database } from '../../../src/store/database/database.ts';

/** Removes the events up to a position with the advance of the log start, as retention does, whatever partition they are in. */
export async function removeEvents(database: Database, upTo: Position): Promise<void> {
  await database.rows(sql`
    with removed as (delete from tidings.events where position <= ${upTo})
    update tidings.retention set log_start = ${upTo}`);
}
