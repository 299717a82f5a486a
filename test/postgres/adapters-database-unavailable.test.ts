import { expect, test } from 'vitest';
import { startDatabaseProxy } from '../support/database/database-proxy.ts';
import { postTo } from '../support/protocols/adapter.ts';
import { startPostgres } from '../support/database/postgres-server.ts';
import { document, openPrefect } from '../support/protocols/prefect.ts';
import { newDatabase, startTestServer } from '../support/test-server.ts';

/** The number of events, of 50 KB each. */
const flood = 1000;
const pollOptions = { timeout: 20_000, interval: 50 };

test('events on Prefect’s socket wait for the database, and no pong confirms them before', async () => {
  await using server = await startPostgres();
  await using proxy = await startDatabaseProxy(server.url('postgres'));
  await using testServer = await startTestServer({ DATABASE_URL: proxy.url, TIDINGS_LOG_LEVEL: 'silent' });
  const { url } = testServer.tidings;
  const ready = async (): Promise<number> => (await fetch(`${url}/readyz`)).status;
  using sender = await openPrefect(url, 'in');
  using listener = await openPrefect(url, 'out');
  listener.send({ type: 'filter', filter: { event: { prefix: ['away.'] } }, backfill: false });
  const names = Array.from({ length: 30 }, (_, n) => `away.${n}`);
  const sendRange = (from: number, to: number): void => names.slice(from, to).forEach((name) => sender.send(document(name)));

  // Committed, but the response is lost: the server stores the same events again, which changes
  // nothing.
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
  const rejected = await postTo(testServer, '/api/events', document('away.rejected'), { 'content-type': 'application/json' });
  expect([rejected.status, Number(rejected.headers.get('retry-after'))]).toEqual([503, expect.toSatisfy((seconds) => seconds > 0)]);
  expect(isSettled).toBe(false);
  // This sender leaves before the database is back; its events are stored nevertheless.
  using leavingSender = await openPrefect(url, 'in');
  for (const name of names.slice(20)) leavingSender.send(document(name));
  leavingSender.socket.terminate();

  proxy.route('to the server');
  await expect.poll(ready, pollOptions).toBe(200);
  await second;
  await expect.poll(() => listener.received.length, pollOptions).toBe(30);
  const delivered = listener.received.map(({ event }): string => event.event);
  expect(delivered.toSorted()).toEqual(names.toSorted());
  expect(delivered.filter((name) => names.indexOf(name) < 20)).toEqual(names.slice(0, 20));
  const { events } = await testServer.data('{ events(order: LOG, first: 100) { nodes { event } } }');
  expect(events.nodes.map(({ event }: { event: string }) => event)).toEqual(delivered);
});

test('a sender that continues meanwhile is slowed by TCP: few of its events wait in memory, and all are stored in the end', async () => {
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
  // The server stops reading the socket, and answers other requests all the time.
  let left = -1;
  let rounds = 0;
  const stands = async (): Promise<number> => {
    await ready();
    rounds = sender.socket.bufferedAmount === left ? rounds + 1 : 0;
    left = sender.socket.bufferedAmount;
    return rounds;
  };
  await expect.poll(stands, pollOptions).toBe(10);
  expect(sent - left).toBeLessThan(25e6); // 4 MB of events, and what the system's buffers hold
  proxy.route('to the server');
  await settled;
  const { events } = await testServer.data(
    '{ events(filter: { event: { startsWith: ["flood."] } }, first: 1) { totalCount(max: 10000) { count } } }',
  );
  expect(events.totalCount.count).toBe(flood);
});
