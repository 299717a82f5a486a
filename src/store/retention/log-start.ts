import { sql } from 'drizzle-orm';
import { TidingsError } from '../../errors.ts';
import { origin, type Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { coalescedRead } from '../../concurrency/coalesce.ts';

/**
 * The place up to which retention has removed events: whoever reads on from before it may miss some. The lowest place
 * that is kept does not tell: places are also missing where an event came twice.
 *
 * Promises: whatever was removed before a call is part of its answer. So whoever has read, and asks afterwards, knows what
 * it may have missed. Callers that come while a read of the record is under way share the next one.
 */
export type LogStart = () => Promise<Position>;

export function createLogStartReader(database: Database): LogStart {
  return coalescedRead(async () => {
    const [row] = await database.rows<{ log_start: string }>(sql`select log_start from tidings.retention`);
    return Number(row?.log_start ?? origin) as Position;
  });
}

/** Throws CURSOR_EXPIRED if retention has removed events after `position`. */
export async function checkRetained(logStart: LogStart, position: Position, path: readonly string[]): Promise<void> {
  if (position >= (await logStart())) return;
  throw new TidingsError(
    'CURSOR_EXPIRED',
    `${path.join('.')}: events at or after the cursor were removed, since they are past retention; start again without it`,
    { path },
  );
}
