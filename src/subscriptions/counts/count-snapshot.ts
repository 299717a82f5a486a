import type { Dimension } from '../../counts/dimensions.ts';
import type { CountTable } from '../../counts/count-table.ts';
import type { Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import { readCounts } from '../../store/counts/count-events.ts';
import type { Database } from '../../store/database/database.ts';
import type { LogStart } from '../../store/retention/log-start.ts';

/** What was counted of the log after one place, which retention has come to, up to another one. */
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
 * Counts what is kept up to a place. Counting takes several statements: where events were removed meanwhile, it is done
 * again, and if that goes on, `after` is where they were before. Throws as `readCounts` does.
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
