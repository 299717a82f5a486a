import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { readSettings } from '../../../src/settings.ts';
import { origin } from '../../../src/event/cursor.ts';
import { maintainPartitions, retentionRules } from '../../../src/maintenance/retention.ts';
import { databaseClock } from '../../../src/store/database/clock.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { draftOf } from '../../unit/support/valid-event.ts';
import { anyEvent } from './random-filters.ts';
import { newDatabase } from '../test-server.ts';

/**
 * Creates a database with these events, whose ids are e0, e1 and so on. They are not indexed.
 * `unusedPositions`: before each 50 events, as after writers that failed. `partitions`: begins another
 * partition before each 50 events, up to so many.
 */
export async function logOf(candidates: readonly object[], unusedPositions: readonly number[] = [], partitions = 1) {
  const stack = new AsyncDisposableStack();
  const testDatabase = stack.use(await newDatabase());
  const settings = readSettings(testDatabase.environment);
  const { database } = stack.use(await openStore(settings));
  const drafts = candidates.map((candidate, n) => draftOf({ ...candidate, id: `e${n}` }));
  for (let at = 0; at < drafts.length; at += 50) {
    const unused = unusedPositions[at / 50] ?? 0;
    if (at > 0 && at / 50 < partitions) {
      const signal = new AbortController().signal;
      await maintainPartitions({ database, clock: databaseClock(database), signal }, { ...retentionRules(0), partitionMs: 0 });
    }
    if (unused > 0) await database.rows(sql`select setval('tidings.event_position', last_value + ${unused}) from tidings.event_position`);
    await appendEvents(database, drafts.slice(at, at + 50), 'REJECT_ALL');
  }
  const head = await readHead(database);
  const { events } = await readLog(database, { after: origin, head, limit: candidates.length });
  return { settings, database, events, head, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

/** Random events at random times, determined by a seed; `more` overrides their fields. */
export function randomEvents(
  { seed, count }: { readonly seed: number; readonly count: number },
  time: fc.Arbitrary<string>,
  more: (event: { readonly payload?: object }, n: number) => object = () => ({}),
): readonly object[] {
  const times = fc.sample(time, { seed, numRuns: count });
  return fc.sample(anyEvent, { seed, numRuns: count }).map((event, n) => ({ ...event, occurred: times[n], ...more(event, n) }));
}
