import { expect, test } from 'vitest';
import { startDatabaseProxy } from '../support/database/database-proxy.ts';
import { startPostgres } from '../support/database/postgres-server.ts';
import { postTo } from '../support/protocols/adapter.ts';
import { document, openPrefect } from '../support/protocols/prefect.ts';
import { newDatabase, startTestServer } from '../support/test-server.ts';

/** The number of events, of 50 KB each. */
const flood = 1000;
const pollOptions = { timeout: 20_000, interval: 50 };
const json = { 'content-type': 'application/json' };

test('events from Prefect’s socket wait for the database, and no ping is answered before they are stored', async () => {
  await using server = await startPostgres();
  await using proxy = await startDatabaseProxy(server.url('postgres'));
  await using testServer = await startTestServer({ DATABASE_URL: proxy.url, TIDINGS_LOG_LEVEL: 'silent' });
  const { url } = testServer.tidings;
  const ready = async (): Promise<number> => (await fetch(`${url}/readyz`)).status;
  using sender = await openPrefect(url, 'in');
  using listener = await openPrefect(url, 'out');
  listener.send({ type: 'filter', filter: { event: { prefix: ['away.', 'probe'] } }, backfill: false });
  // The subscription begins some time after its message: at the first event that arrives.
  await expect
    .poll(() => postTo(testServer, '/api/events', document('probe'), json).then(() => listener.received.length))
    .toBeGreaterThan(0);
  const delivered = (): string[] => listener.received.map(({ event }): string => event.event).filter((name) => name !== 'probe');
  const names = Array.from({ length: 30 }, (_, n) => `away.${n}`);
  const sendRange = (from: number, to: number): void => names.slice(from, to).forEach((name) => sender.send(document(name)));

  // Committed, but the response is lost: the same events are stored again, which changes nothing.
  proxy.cutResponsesTo('away.1"');
  sendRange(0, 10);
  const first = sender.settled();
  await expect.poll(() => proxy.cuts(), pollOptions).toBeGreaterThan(0);
  proxy.cutResponsesTo('nothing more');
  await first;

  proxy.route('nowhere');
  await expect.poll(ready, pollOptions).toBe(503);
  sendRange(10, 20);
  let isSettled = false;
  const second = sender.settled().then(() => (isSettled = true));
  const rejected = await postTo(testServer, '/api/events', document('away.rejected'), json);
  expect([rejected.status, Number(rejected.headers.get('retry-after'))]).toEqual([503, expect.toSatisfy((seconds) => seconds > 0)]);
  expect(isSettled).toBe(false);
  // It disconnects before the database is back; the received events are stored nevertheless.
  using leavingSender = await openPrefect(url, 'in');
  for (const name of names.slice(20)) leavingSender.send(document(name));
  leavingSender.socket.terminate();

  proxy.route('to the server');
  await expect.poll(ready, pollOptions).toBe(200);
  await second;
  await expect.poll(() => delivered().length, pollOptions).toBe(30);
  expect(delivered().toSorted()).toEqual(names.toSorted());
  expect(delivered().filter((name) => names.indexOf(name) < 20)).toEqual(names.slice(0, 20));
  const { events } = await testServer.data(
    '{ events(order: LOG, first: 100, filter: { event: { startsWith: ["away."] } }) { nodes { event } } }',
  );
  expect(events.nodes.map(({ event }: { event: string }) => event)).toEqual(delivered());
});

test('a sender that continues meanwhile gets backpressure: few events wait in memory, and all are stored in the end', async () => {
  await using testDatabase = await newDatabase();
  await using proxy = await startDatabaseProxy(testDatabase.environment['DATABASE_URL']!);
  await using testServer = await startTestServer({ DATABASE_URL: proxy.url, TIDINGS_LOG_LEVEL: 'silent' });
  using sender = await openPrefect(testServer.tidings.url, 'in');
  const ready = async (): Promise<number> => (await fetch(`${testServer.tidings.url}/readyz`)).status;
  proxy.route('nowhere');
  await expect.poll(ready, pollOptions).toBe(503);
  const payload = { text: 'x'.repeat(50_000) };
  for (let n = 0; n < flood; n += 1) sender.send(document(`flood.${n}`, { payload }));
  const sent = sender.socket.bufferedAmount;
  const settled = sender.settled();
  // The server stops reading this socket, while it answers other requests in every round.
  let unsent = -1;
  let unchangedRounds = 0;
  const countUnchangedRounds = async (): Promise<number> => {
    await ready();
    unchangedRounds = sender.socket.bufferedAmount === unsent ? unchangedRounds + 1 : 0;
    unsent = sender.socket.bufferedAmount;
    return unchangedRounds;
  };
  await expect.poll(countUnchangedRounds, pollOptions).toBe(10);
  expect(sent - unsent).toBeLessThan(25e6); // 4 MB of events, and the buffers of the system
  proxy.route('to the server');
  await settled;
  const { events } = await testServer.data(
    '{ events(filter: { event: { startsWith: ["flood."] } }, first: 1) { totalCount(max: 10000) { count } } }',
  );
  expect(events.totalCount.count).toBe(flood);
});
