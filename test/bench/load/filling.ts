import { sql } from 'drizzle-orm';
import type { Settings } from '../../../src/settings.ts';
import { origin } from '../../../src/event/cursor.ts';
import { rowGroupBlocks, blockEvents } from '../../../src/skip-index/row-group.ts';
import type { EventDraft, EventCandidate } from '../../../src/event/event.ts';
import { validateEvent } from '../../../src/event/validate.ts';
import { maintainPartitions, retentionRules } from '../../../src/maintenance/retention.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { databaseClock } from '../../../src/store/database/clock.ts';
import { indexEvents } from '../../support/skip-index.ts';

/** Appends events in batches of 1,000. */
export async function append(database: Database, events: Iterable<EventCandidate>, settings: Settings): Promise<number> {
  const batch: EventDraft[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    count += batch.length;
    await appendEvents(database, batch.splice(0), 'REJECT_ALL');
  };
  for (const event of events) {
    const validation = validateEvent(event, [], settings);
    if ('problems' in validation) throw new Error(JSON.stringify(validation.problems));
    if (batch.push(validation.draft) === 1000) await flush();
  }
  await flush();
  return count;
}

/** Closes the open partition of the log and opens the next, as after its time. */
export async function closePartition(database: Database): Promise<void> {
  const retentionParts = { database, clock: databaseClock(database), signal: new AbortController().signal };
  await maintainPartitions(retentionParts, { ...retentionRules(0), partitionMs: 0 });
}

/** Indexes all events, and updates the planner's statistics. */
export async function indexAll(database: Database): Promise<void> {
  const end = await readHead(database);
  const length = blockEvents * rowGroupBlocks;
  for (let at = origin; ;) {
    const { events } = await readLog(database, { after: at, head: end, limit: length });
    if (events.length < length) break;
    await indexEvents(database, events, { block: blockEvents, rowGroup: length });
    at = events[length - 1]!.position;
  }
  await database.rows(sql`vacuum analyze`);
}
