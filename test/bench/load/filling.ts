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
import { workload } from './workload.ts';

export interface Filling {
  readonly count: number;
  /** Partitions of the log, which get equally many events. */
  readonly partitions: number;
  readonly settings: Settings;
}

/** Fills an empty database with the workload, indexes it, and prints the rates. */
export async function fill(database: Database, { count, partitions, settings }: Filling): Promise<void> {
  const began = performance.now();
  const events = workload(count);
  for (let part = 0; part < partitions; part += 1) {
    if (part > 0) await closePartition(database);
    await append(database, part === partitions - 1 ? events : next(events, Math.floor(count / partitions)), settings);
  }
  const appended = performance.now();
  await indexAll(database);
  const indexed = performance.now();
  const rate = (ms: number): string => `${((count / ms) * 1000).toFixed(0)}/s`;
  console.log(`${count} events appended at ${rate(appended - began)}, indexed at ${rate(indexed - appended)}`);
}

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
async function closePartition(database: Database): Promise<void> {
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
  await database.withConnection(async (client) => {
    await client`set statement_timeout = 0`;
    await client`vacuum analyze`;
    await client`reset statement_timeout`;
  });
}

/** At most the next `max` values of a generator, which stays open. */
function* next<T>(from: Generator<T>, max: number): Generator<T> {
  for (let left = max; left > 0; left -= 1) {
    const { value, done } = from.next();
    if (done) return;
    yield value;
  }
}
