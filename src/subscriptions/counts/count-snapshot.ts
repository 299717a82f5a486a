import type { Dimension } from '../../counts/dimensions.ts';
import type { CountTable } from '../../counts/count-table.ts';
import type { Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import { readCounts } from '../../store/counts/count-events.ts';
import type { Database } from '../../store/database/database.ts';
import type { LogStart } from '../../store/log/log-start.ts';

/** The count of the events after `after`, the log start, up to and including `upTo`. */
export interface CountSnapshot {
  readonly table: CountTable;
  readonly after: Position;
  readonly upTo: Position;
}

export interface CountSnapshotParts {
  readonly database: Database;
  readonly logStart: LogStart;
}

/**
 * Counts the stored events up to a position. Counting takes several statements. If retention
 * removes events meanwhile, it counts again, at most `maxAttempts` times; then `after` is the log
 * start before the last attempt, so that the next check of the log start causes a recount. Throws
 * as `readCounts`.
 */
export async function readCountSnapshot(
  { database, logStart }: CountSnapshotParts,
  { filter, dimensions }: { readonly filter: Condition; readonly dimensions: readonly Dimension[] },
  upTo: Position,
): Promise<CountSnapshot> {
  let after = await logStart();
  for (let attempt = 1; ; attempt += 1) {
    const table = await readCounts(database, { filter, dimensions, head: upTo });
    const newLogStart = await logStart();
    if (newLogStart === after || attempt === maxAttempts) return { table, after, upTo };
    after = newLogStart;
  }
}

const maxAttempts = 5;
