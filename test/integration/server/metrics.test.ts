import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { overHttp, overSse, overWebSocket } from '../../support/transports.ts';
import { listenTo, startTestServer, type TestServer } from '../../support/test-server.ts';

/** A metric's value; `name` includes its labels in the format of Prometheus. */
async function value(server: TestServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.tidings.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

const emission = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input, onError: SKIP_REJECTED) { created } }';
const pollOptions = { timeout: 20_000, interval: 20 };

test('emitted, rejected and delivered events are counted', async () => {
  await using server = await startTestServer();
  const listening = listenTo(server.socket(), 'subscription { events { id } }');
  const first = listening.next();
  await expect.poll(() => value(server, 'tidings_subscriptions'), pollOptions).toBe(1);
  const valid = { event: 'a', resource: { id: 'r' } };
  await server.data(emission, { input: [valid, { ...valid, event: '' }, { ...valid, resource: { id: 'x'.repeat(2000) } }] });
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
    tidings_commit_queue_events: 0,
    tidings_commit_queue_bytes: 0,
  };
  for (const [name, expected] of Object.entries(counted)) expect(await value(server, name), name).toBe(expected);
  await expect.poll(() => value(server, 'tidings_subscriptions'), pollOptions).toBe(0);
});

test('rejections are counted by reason, on every transport, and no client can invent a reason', async () => {
  await using server = await startTestServer({ TIDINGS_MAX_BODY_BYTES: '100000' });
  const { url } = server.tidings;
  await using stack = new AsyncDisposableStack();
  const raw = stack.use(await openRaw(url));
  const transports = [overHttp(url), overSse(url), overWebSocket(raw)];
  const rejections: [string, string][] = [
    ['SYNTAX', '{'],
    ['VALIDATION', '{ no }'],
    ['LIMIT_EXCEEDED', `{ ${'head '.repeat(51)} }`],
    ['LIMIT_EXCEEDED', '{ resources(first: 1000) { nodes { events(first: 1000) { nodes { id } } } } }'],
    ['BAD_USER_INPUT', '{ a: events(first: -1) { head } b: events(first: -1) { head } }'],
    ['BAD_CURSOR', '{ events(after: "x") { head } }'],
  ];
  const reason = (name: string): Promise<number> => value(server, `tidings_rejected_requests_total{reason="${name}"}`);
  for (const [name, query] of rejections) {
    const before = await reason(name);
    for (const send of transports) expect((await send({ query })).error).toBeDefined();
    expect(await reason(name), name).toBe(before + 3);
  }
  const before = await reason('FORBIDDEN');
  await fetch(`${url}/graphql`, { headers: { origin: 'https://elsewhere.example' } });
  expect(await reason('FORBIDDEN')).toBe(before + 1);
  const large = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  large.on('open', () => large.send('x'.repeat(200_000)));
  large.on('error', () => undefined);
  await expect.poll(() => reason('FRAME'), pollOptions).toBe(1);
  const text = await (await fetch(`${url}/metrics`)).text();
  const reasons = [...text.matchAll(/^tidings_rejected_requests_total\{reason="(\w+)"\}/gm)].map(([, each]) => each);
  expect(reasons.filter((each) => !/^[A-Z_]+$/.test(each!))).toEqual([]);
});

test('bytes, streams and sockets of clients are counted', async () => {
  await using server = await startTestServer();
  const { url } = server.tidings;
  const [bytesIn, bytesOut] = ['in', 'out'].map((each) => `tidings_network_bytes_total{direction="${each}"}`) as [string, string];
  const before = [await value(server, bytesIn), await value(server, bytesOut)] as const;
  await overHttp(url)({ query: `{ head } # ${'x'.repeat(100_000)}` });
  expect((await value(server, bytesIn)) - before[0]).toBeGreaterThan(100_000);
  expect((await value(server, bytesIn)) - before[0]).toBeLessThan(110_000);
  expect((await value(server, bytesOut)) - before[1]).toBeGreaterThan(1000);

  const ending = new AbortController();
  const query = encodeURIComponent('subscription { events { id } }');
  await fetch(`${url}/graphql?query=${query}`, { headers: { accept: 'text/event-stream' }, signal: ending.signal });
  expect(await value(server, 'tidings_streams')).toBe(1);
  ending.abort();
  await expect.poll(() => value(server, 'tidings_streams'), pollOptions).toBe(0);
});

test('a client that does not read is a slow consumer until it reads or disconnects', async () => {
  await using server = await startTestServer();
  const raws = await Promise.all([openRaw(server.tidings.url), openRaw(server.tidings.url)]);
  for (const raw of raws) {
    raw.send({ id: 's', type: 'subscribe', payload: { query: 'subscription { events { payload } }' } });
    raw.socket.pause();
  }
  await expect.poll(() => value(server, 'tidings_subscriptions'), pollOptions).toBe(2);
  const input = Array.from({ length: 15 }, () => ({ event: 'a', resource: { id: 'r' }, payload: { text: 'x'.repeat(1_000_000) } }));
  for (let n = 0; n < 30 && (await value(server, 'tidings_slow_consumers')) < 2; n += 1) {
    await server.data(emission, { input });
  }
  await expect.poll(() => value(server, 'tidings_slow_consumers'), pollOptions).toBe(2);
  raws[0]!.socket.resume();
  await expect.poll(() => value(server, 'tidings_slow_consumers'), { timeout: 40_000, interval: 50 }).toBe(1);
  raws[1]!.socket.terminate();
  await expect.poll(() => value(server, 'tidings_slow_consumers'), pollOptions).toBe(0);
  raws[0]!.socket.terminate();
});
