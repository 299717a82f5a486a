import { once } from 'node:events';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { rejectedEventLimits, startRejectedEventStore } from '../../../src/ingest/rejected-events.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { readSettings } from '../../../src/settings.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { storeRejected, pruneRejected, readRejected } from '../../../src/store/rejected-events.ts';
import { newDatabase, startTestServer } from '../../support/test-server.ts';

async function open(stack: AsyncDisposableStack): Promise<Database> {
  const { environment } = stack.use(await newDatabase());
  const store = await openStore(readSettings(environment));
  stack.use(store);
  return store.database;
}

const plenty = { count: 1000, bytes: 1 << 20, keepMs: null };
const rejectedEvent = (text: string) => ({ protocol: 'prefect', keyId: null, reason: 'why', raw: Buffer.from(text), bytes: text.length });
const storedTexts = async (database: Database): Promise<string[]> =>
  (await readRejected(database, null, 1000)).map(({ raw }) => raw.toString());

test('the oldest are removed beyond the limits of count, bytes and age', async () => {
  await using stack = new AsyncDisposableStack();
  const database = await open(stack);
  await storeRejected(database, ['a', 'b', 'c', 'd'].map(rejectedEvent));
  expect(await pruneRejected(database, plenty)).toBe(0);
  expect(await pruneRejected(database, { ...plenty, count: 3 })).toBe(1);
  expect(await storedTexts(database)).toEqual(['d', 'c', 'b']);

  await storeRejected(database, ['x'.repeat(100), 'e'].map(rejectedEvent));
  expect(await pruneRejected(database, { ...plenty, bytes: 102 })).toBe(2);
  expect(await storedTexts(database)).toEqual(['e', 'x'.repeat(100), 'd']);

  expect(await pruneRejected(database, { ...plenty, keepMs: 3_600_000 })).toBe(0);
  expect(await pruneRejected(database, { ...plenty, keepMs: 0 })).toBe(3);
  expect(await storedTexts(database)).toEqual([]);
});

test('a flood of rejected events leaves a bounded number, each cut to its limit', async () => {
  await using stack = new AsyncDisposableStack();
  const database = await open(stack);
  const metrics = createMetrics();
  const rules = { ...rejectedEventLimits({ eventBytes: 10, retentionDays: 0 }), count: 50 };
  const rejectedEvents = stack.use(startRejectedEventStore({ database, metrics, logger: pino({ level: 'silent' }) }, rules));
  for (let n = 0; n < 30; n += 1) {
    const some = Array.from({ length: 10 }, (_, m) => ({ ...rejectedEvent(`${n} ${m} and more than its limit`), code: 'INVALID' }));
    await rejectedEvents.store(some);
  }
  // Pruned once every 100 events, in the background.
  await expect.poll(async () => (await storedTexts(database)).length, { timeout: 10_000, interval: 20 }).toBeLessThanOrEqual(150);
  const [latest] = await readRejected(database, null, 1);
  expect(latest).toMatchObject({ raw: Buffer.from('29 9 and m'), bytes: '29 9 and more than its limit'.length });
  expect(await metrics.registry.getSingleMetricAsString('tidings_rejected_events_stored_total')).toContain('{reason="invalid"} 300');
});

test('rejected events are stored as long as events', () => {
  expect(rejectedEventLimits({ eventBytes: 10, retentionDays: 2 }).keepMs).toBe(2 * 24 * 3_600_000);
  expect(rejectedEventLimits({ eventBytes: 10, retentionDays: 0 }).keepMs).toBeNull();
});

test('a page of none has no nodes, and its pageInfo says whether there are any', async () => {
  await using server = await startTestServer();
  const none =
    '{ rejectedEvents(first: 0) { nodes { raw } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }';
  const cursors = { startCursor: null, endCursor: null, hasPreviousPage: false };
  expect((await server.data(none)).rejectedEvents).toEqual({ nodes: [], edges: [], pageInfo: { ...cursors, hasNextPage: false } });
  const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/api/events/in`);
  await once(socket, 'open');
  socket.send('not an event');
  await expect
    .poll(async () => (await server.data(none)).rejectedEvents, { timeout: 10_000, interval: 20 })
    .toEqual({ nodes: [], edges: [], pageInfo: { ...cursors, hasNextPage: true } });
  socket.close();
});
