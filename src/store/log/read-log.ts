import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Database } from '../database/database.ts';
import { eventColumns, rowBytes, storedEvents, type EventRow } from '../database/event-row.ts';

/** Consecutive events of the log, and the size of each in memory. */
export interface LogSlice {
  readonly events: readonly StoredEvent[];
  readonly bytes: readonly number[];
}

export interface LogRequest {
  readonly after: Position;
  readonly head: Position;
  readonly limit: number;
}

/** Reads the first `limit` events after `after` up to `head`, by the primary key. */
export async function readLog(database: Database, { after, head, limit }: LogRequest): Promise<LogSlice> {
  const rows = await database.rows<EventRow>(sql`
    select ${eventColumns}
    from tidings.events e
    where e.position > ${after} and e.position <= ${head}
    order by e.position
    limit ${limit}`);
  return { events: await storedEvents(rows), bytes: rows.map(rowBytes) };
}
