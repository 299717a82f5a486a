import { sql } from 'drizzle-orm';
import { coalescedRead } from '../../concurrency/coalesce.ts';
import { TidingsError } from '../../errors.ts';
import { origin, type Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';

/**
 * Reads the position of the last removed event. A reader that resumes from an earlier position may
 * miss events. The lowest stored position does not show that: positions are also missing where an
 * event was emitted twice.
 *
 * Guarantees: the result covers every removal before the call. So a reader that calls this after it
 * has read knows whether it may have missed events. Callers that arrive during a read share the
 * next one.
 */
export type LogStart = () => Promise<Position>;

export function createLogStartReader(database: Database): LogStart {
  return coalescedRead(() => readLogStart(database));
}

/** A row with the log start. */
export interface LogStartRow {
  readonly log_start: string | null;
}

export async function readLogStart(database: Database): Promise<Position> {
  return logStartOf(await database.rows<LogStartRow>(sql`select log_start from tidings.retention`));
}

export function logStartOf([row]: readonly LogStartRow[]): Position {
  return Number(row?.log_start ?? origin) as Position;
}

/** Throws CURSOR_EXPIRED if retention has removed events after `position`. */
export async function checkRetained(logStart: LogStart, position: Position, path: readonly string[]): Promise<void> {
  if (position >= (await logStart())) return;
  throw new TidingsError('CURSOR_EXPIRED', `${path.join('.')}: retention has removed events after the cursor; start again without it`, {
    path,
  });
}
