import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Database } from '../database/database.ts';
import { eventColumns, rowBytes, storedEvents, type EventRow } from '../database/event-row.ts';
import { logStartOf, readLogStart, type LogStartRow } from './log-start.ts';

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

/** Stored events, and the log start at the time of the read. */
export interface LogRead extends LogSlice {
  /** If it is after the start of the read, earlier events were removed and are missing. */
  readonly logStart: Position;
}

/**
 * Reads the first `limit` events after `after` up to `head`, by the primary key.
 *
 * Why `logStart` covers every removal that the events show: a removal waits for running statements
 * (../retention/remove-partition.ts). A later statement takes its snapshot after it has seen which
 * partitions exist.
 */
export async function readLog(database: Database, { after, head, limit }: LogRequest): Promise<LogRead> {
  const rows = await database.rows<EventRow & LogStartRow>(sql`
    select ${eventColumns}, (select log_start from tidings.retention) as log_start
    from tidings.events e
    where e.position > ${after} and e.position <= ${head}
    order by e.position
    limit ${limit}`);
  const logStart = rows.length > 0 ? logStartOf(rows) : await readLogStart(database);
  return { events: await storedEvents(rows), bytes: rows.map(rowBytes), logStart };
}
