import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onStreamMessage } from '../../support/protocols/event-stream.ts';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

// Clients that stop reading while far more waits for them than the buffers of the system take.
const idleMs = 350;
const total = 24;
const payload = { text: 'x'.repeat(160_000) };
/** Each event is sent six times as large as it is stored. */
const payloads = 'a: payload b: payload c: payload d: payload e: payload f: payload';
const ids = Array.from({ length: total }, (_, n) => `e-${n}`);
/** 64 KiB, one message, and what the subscription itself keeps. */
const maxKeptBytes = { events: 64 * 1024 + 1_000_000 + 50_000, eventStream: 64 * 1024 + 5_000_000 + 50_000 };

let server: TestServer;
let beginning: string;
beforeAll(async () => {
  server = await startTestServer({}, { idleMs });
  beginning = (await server.data('{ head }')).head;
  const input = ids.map((id) => ({ id, event: 'acme.large', resource: { id: 'r' }, payload }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
});
afterAll(() => server[Symbol.asyncDispose]());

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.tidings.url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1) ?? 0,
  );
}
const stalls = (): Promise<number> => metric('tidings_stalled_connections_total{reason="STALLED"}');
const pollOptions = { timeout: 30_000, interval: 20 };

const operations = {
  events: {
    query: `subscription ($after: Cursor) { events(after: $after) { id cursor ${payloads} } }`,
    read: ({ events: { id, cursor } }: any) => ({ ids: [id as string], cursor: cursor as string }),
  },
  eventStream: {
    query: `subscription ($after: Cursor) { eventStream(after: $after) { ... on EventBatch { cursor events { id ${payloads} } } } }`,
    read: ({ eventStream: { events = [], cursor } }: any) => ({
      ids: events.map(({ id }: any) => id) as string[],
      cursor: cursor as string | undefined,
    }),
  },
};

type Operation = keyof typeof operations;

/** A client, and what it has read. */
interface Reading extends Disposable {
  readonly ids: string[];
  cursor: string;
  pause(): void;
  resume(): void;
}

type Open = (operation: Operation, after: string, onMessage?: (reading: Reading) => void) => Promise<Reading>;

const overSse: Open = async (operation, after, onMessage) => {
  const search = new URLSearchParams({ query: operations[operation].query, variables: JSON.stringify({ after }) });
  const request = get(`${server.tidings.url}/graphql?${search.toString()}`, { headers: { accept: 'text/event-stream' }, agent: false });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  const reading: Reading = {
    ids: [],
    cursor: after,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    [Symbol.dispose]: () => void request.destroy(),
  };
  onStreamMessage(response, (message) => {
    const [, id, json] = /^id: (\S+)\nevent: next\ndata: (.*)$/.exec(message) ?? [];
    if (json === undefined) return;
    const read = operations[operation].read(JSON.parse(json).data);
    if (read.cursor === undefined) return; // CaughtUp
    reading.ids.push(...read.ids);
    expect(id).toBe(read.cursor);
    reading.cursor = read.cursor;
  });
  response.on('data', () => onMessage?.(reading));
  return reading;
};

const overWebSocket: Open = async (operation, after, onMessage) => {
  const raw = await openRaw(server.tidings.url);
  const reading: Reading = {
    ids: [],
    cursor: after,
    pause: () => raw.socket.pause(),
    resume: () => raw.socket.resume(),
    [Symbol.dispose]: () => raw[Symbol.dispose](),
  };
  raw.socket.on('message', (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString());
    if (type !== 'next') return;
    const read = operations[operation].read(payload.data);
    if (read.cursor === undefined) return; // CaughtUp
    reading.ids.push(...read.ids);
    reading.cursor = read.cursor;
    onMessage?.(reading);
  });
  raw.send({ id: '1', type: 'subscribe', payload: { query: operations[operation].query, variables: { after } } });
  return reading;
};

const stopAfterFirst = (reading: Reading): void => {
  if (reading.ids.length > 0) reading.pause();
};

const clients = [
  [overSse, 'events'],
  [overSse, 'eventStream'],
  [overWebSocket, 'events'],
  [overWebSocket, 'eventStream'],
] as const;

test('clients that stop reading are disconnected, and resume without a loss or a repeat', async () => {
  await using stack = new AsyncDisposableStack();
  const opened = await Promise.all(clients.map(([open, operation]) => open(operation, beginning, stopAfterFirst)));
  for (const each of opened) stack.use(each);
  let keptBytes = 0;
  const disconnected = async (): Promise<number> => {
    keptBytes = Math.max(keptBytes, await metric('tidings_subscription_bytes'));
    return stalls();
  };
  await expect.poll(disconnected, pollOptions).toBe(clients.length);
  expect(keptBytes).toBeLessThan(clients.reduce((sum, [, operation]) => sum + maxKeptBytes[operation], 0));
  const names = ['tidings_subscriptions', 'tidings_subscription_bytes', 'tidings_slow_consumers', 'tidings_streams', 'tidings_websockets'];
  for (const name of names) await expect.poll(() => metric(name), { ...pollOptions, message: name }).toBe(0);
  for (const [n, [open, operation]] of clients.entries()) {
    const stopped = opened[n]!;
    expect(stopped.ids.length).toBeLessThan(total);
    const resumed = stack.use(await open(operation, stopped.cursor));
    await expect.poll(() => resumed.ids.length, pollOptions).toBeGreaterThanOrEqual(total - stopped.ids.length);
    expect([...stopped.ids, ...resumed.ids]).toEqual(ids);
  }
});

test.each([
  ['SSE', overSse, 3],
  ['WebSocket', overWebSocket, 60],
] as const)('a client that reads slowly over %s stays connected', async (_transport, open, pauseMs) => {
  await using stack = new AsyncDisposableStack();
  const before = await stalls();
  const startedAt = performance.now();
  const pauseBriefly = (reading: Reading): void => {
    reading.pause();
    setTimeout(() => reading.resume(), pauseMs);
  };
  const slow = stack.use(await open('events', beginning, pauseBriefly));
  await expect.poll(() => slow.ids.length, pollOptions).toBe(total);
  expect(performance.now() - startedAt).toBeGreaterThan(3 * idleMs);
  expect(slow.ids).toEqual(ids);
  expect(await stalls()).toBe(before);
});
