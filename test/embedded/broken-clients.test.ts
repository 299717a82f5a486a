import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { startInspected, type InspectedServer } from '../support/server-memory.ts';
import { newDatabase } from '../support/test-server.ts';

// The database does not matter for broken clients, so these slow tests run on one only.
let server: InspectedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function startServer(): Promise<InspectedServer> {
  await using stack = new AsyncDisposableStack();
  const { environment } = stack.use(await newDatabase());
  const started = stack.use(await startInspected(environment));
  const owned = stack.move();
  return { ...started, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

const listen = { id: 'listen', type: 'subscribe', payload: { query: 'subscription { events { id } }' } };
const pollOptions = { timeout: 50_000, interval: 100 };

// Concurrent, because each waits for a timeout of the server.
describe.concurrent('the server disconnects', () => {
  test('a client that never answers pings, within 50 seconds', async ({ expect }) => {
    using raw = await openRaw(server.url, { autoPong: false });
    raw.send(listen);
    await expect.poll(() => raw.socket.readyState, pollOptions).toBe(raw.socket.CLOSED);
  });

  test('a client that reads nothing, within 50 seconds, and its subscriptions', async ({ expect }) => {
    await using own = await startServer();
    using raw = await openRaw(own.url);
    raw.send(listen);
    await expect.poll(() => own.metric('tidings_subscriptions'), { timeout: 20_000 }).toBe(1);
    raw.socket.pause();
    await expect.poll(() => own.metric('tidings_subscriptions'), pollOptions).toBe(0);
    expect(await own.metric('tidings_websockets')).toBe(0);
  });

  test('a WebSocket that is never initialised', async ({ expect }) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(4408);
  });

  test.each([
    ['nothing', ''],
    ['half an upgrade', 'GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n'],
    ['half a body', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"query":'],
  ])('a connection that sends %s', { timeout: 120_000 }, async (_what, bytes) => {
    const socket = connect();
    const closed = once(socket, 'close');
    if (bytes !== '') socket.write(bytes);
    await closed;
    expect(socket.destroyed).toBe(true);
  });
});

test('no subscription, filter or socket of them remains', async () => {
  for (const metric of ['tidings_subscriptions', 'tidings_subscription_filters', 'tidings_websockets']) {
    await expect.poll(() => server.metric(metric), { timeout: 10_000, message: metric }).toBe(0);
  }
});

function connect(): Socket {
  const socket = createConnection(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
}
