import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { overHttp, overSse, overWebSocket } from '../../support/transports.ts';
import { listenTo, startWorld, type World } from '../../support/test-server.ts';

/** A metric's value; with labels as they are written. */
async function value(world: World, name: string): Promise<number> {
  const text = await (await fetch(`${world.tidings.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

const emission = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input, onError: SKIP_REJECTED) { created } }';
const patience = { timeout: 20_000, interval: 20 };

test('what is emitted, refused and delivered is counted', async () => {
  await using world = await startWorld();
  const listening = listenTo(world.socket(), 'subscription { events { id } }');
  const first = listening.next();
  await expect.poll(() => value(world, 'tidings_subscriptions'), patience).toBe(1);
  const sound = { event: 'a', resource: { id: 'r' } };
  await world.data(emission, { input: [sound, { ...sound, event: '' }, { ...sound, resource: { id: 'x'.repeat(2000) } }] });
  await first;
  await listening.return?.();
  const counted = {
    'tidings_events_emitted_total{status="created"}': 1,
    'tidings_events_emitted_total{status="rejected"}': 2,
    'tidings_event_problems_total{code="REQUIRED"}': 1,
    'tidings_event_problems_total{code="TOO_LONG"}': 1,
    tidings_append_duration_seconds_count: 1,
    tidings_log_lag_seconds_count: 1,
    tidings_events_delivered_total: 1,
    'tidings_operation_duration_seconds_count{operation="mutation"}': 1,
    tidings_waiting_events: 0,
    tidings_waiting_bytes: 0,
  };
  for (const [name, expected] of Object.entries(counted)) expect(await value(world, name), name).toBe(expected);
  await expect.poll(() => value(world, 'tidings_subscriptions'), patience).toBe(0);
});

test('refusals are counted by reason, on every transport, whatever a client makes up', async () => {
  await using world = await startWorld({ TIDINGS_MAX_BODY_BYTES: '100000' });
  const { url } = world.tidings;
  await using stack = new AsyncDisposableStack();
  const raw = stack.use(await openRaw(url));
  const doors = [overHttp(url), overSse(url), overWebSocket(raw)];
  const refusals: [string, string][] = [
    ['SYNTAX', '{'],
    ['VALIDATION', '{ no }'],
    ['LIMIT_EXCEEDED', `{ ${'head '.repeat(51)} }`],
    ['LIMIT_EXCEEDED', '{ resources(first: 1000) { nodes { events(first: 1000) { nodes { id } } } } }'],
    ['BAD_USER_INPUT', '{ a: events(first: 0) { head } b: events(first: 0) { head } }'],
    ['BAD_CURSOR', '{ events(after: "x") { head } }'],
  ];
  const reason = (name: string): Promise<number> => value(world, `tidings_refused_requests_total{reason="${name}"}`);
  for (const [name, query] of refusals) {
    const before = await reason(name);
    for (const ask of doors) expect((await ask({ query })).error).toBeDefined();
    expect(await reason(name), name).toBe(before + 3);
  }
  const before = await reason('FORBIDDEN');
  await fetch(`${url}/graphql`, { headers: { origin: 'https://elsewhere.example' } });
  expect(await reason('FORBIDDEN')).toBe(before + 1);
  const large = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  large.on('open', () => large.send('x'.repeat(200_000)));
  large.on('error', () => undefined);
  await expect.poll(() => reason('FRAME'), patience).toBe(1);
  const text = await (await fetch(`${url}/metrics`)).text();
  const reasons = [...text.matchAll(/^tidings_refused_requests_total\{reason="(\w+)"\}/gm)].map(([, each]) => each);
  expect(reasons.filter((each) => !/^[A-Z_]+$/.test(each!))).toEqual([]);
});

test('bytes, streams and sockets of clients are counted', async () => {
  await using world = await startWorld();
  const { url } = world.tidings;
  const [bytesIn, bytesOut] = ['in', 'out'].map((each) => `tidings_network_bytes_total{direction="${each}"}`) as [string, string];
  const before = [await value(world, bytesIn), await value(world, bytesOut)] as const;
  await overHttp(url)({ query: `{ head } # ${'x'.repeat(100_000)}` });
  expect((await value(world, bytesIn)) - before[0]).toBeGreaterThan(100_000);
  expect((await value(world, bytesIn)) - before[0]).toBeLessThan(110_000);
  expect((await value(world, bytesOut)) - before[1]).toBeGreaterThan(1000);

  const ending = new AbortController();
  const query = encodeURIComponent('subscription { events { id } }');
  await fetch(`${url}/graphql?query=${query}`, { headers: { accept: 'text/event-stream' }, signal: ending.signal });
  expect(await value(world, 'tidings_streams')).toBe(1);
  ending.abort();
  await expect.poll(() => value(world, 'tidings_streams'), patience).toBe(0);
});

test('whoever does not read is a slow reader until they do, or go', async () => {
  await using world = await startWorld();
  const raws = await Promise.all([openRaw(world.tidings.url), openRaw(world.tidings.url)]);
  for (const raw of raws) {
    raw.send({ id: 's', type: 'subscribe', payload: { query: 'subscription { events { payload } }' } });
    raw.socket.pause();
  }
  await expect.poll(() => value(world, 'tidings_subscriptions'), patience).toBe(2);
  const input = Array.from({ length: 15 }, () => ({ event: 'a', resource: { id: 'r' }, payload: { text: 'x'.repeat(1_000_000) } }));
  for (let n = 0; n < 30 && (await value(world, 'tidings_slow_readers')) < 2; n += 1) {
    await world.data(emission, { input });
  }
  await expect.poll(() => value(world, 'tidings_slow_readers'), patience).toBe(2);
  raws[0]!.socket.resume();
  await expect.poll(() => value(world, 'tidings_slow_readers'), { timeout: 40_000, interval: 50 }).toBe(1);
  raws[1]!.socket.terminate();
  await expect.poll(() => value(world, 'tidings_slow_readers'), patience).toBe(0);
  raws[0]!.socket.terminate();
});
