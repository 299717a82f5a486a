import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminKey } from '../../support/keys.ts';
import { openPrefect } from '../../support/protocols/prefect.ts';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  ({ url } = server.tidings);
});
afterAll(() => server[Symbol.asyncDispose]());

const authorization = `Bearer ${adminKey}`;

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: { authorization } })).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

const unauthenticated = () => metric('tidings_unauthenticated_connections');
const pollOptions = { timeout: 10_000, interval: 20 };

/** Sends a request over a connection of its own, and resolves when the response begins. */
async function sent(start: string, headers: Readonly<Record<string, string>> = {}): Promise<Socket> {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${start} HTTP/1.1\r\n${lines.join('')}\r\n`);
  await once(socket, 'data');
  return socket;
}

const json = { 'content-type': 'application/json', 'content-length': '0' };
type Headers = Readonly<Record<string, string>>;
const requests: readonly (readonly [start: string, headers: Headers])[] = [
  ['GET /graphql?query={head}', {}],
  ['POST /graphql', json],
  ['GET /metrics', {}],
  ['POST /api/events', json],
  ['POST /cloudevents', json],
  ['POST /api/events/filter', json],
];

test.each(requests)('%s counts as authenticated with a valid key only', async (start, headers) => {
  for (const [given, expected] of [
    [authorization, 0],
    ['Bearer none', 1],
  ] as const) {
    const socket = await sent(start, { ...headers, authorization: given });
    expect(await unauthenticated(), given).toBe(expected);
    socket.destroy();
    await expect.poll(unauthenticated, pollOptions).toBe(0);
  }
});

const withoutKey: readonly (readonly [start: string, headers: Headers])[] = [
  ['GET /', {}],
  ['GET /livez', {}],
  ['GET /graphql', { accept: 'text/html' }],
];

test.each(withoutKey)('%s does not', async (start, headers) => {
  const socket = await sent(start, { ...headers, authorization });
  expect(await unauthenticated()).toBe(1);
  socket.destroy();
  await expect.poll(unauthenticated, pollOptions).toBe(0);
});

test('WebSockets count until they are authenticated', async () => {
  using raw = await openRaw(url, {}, { authorization });
  using inbound = await openPrefect(url, 'in', { token: adminKey });
  using outbound = await openPrefect(url, 'out', { protocol: null, options: { headers: { authorization } } });
  await Promise.all([raw.settled(), inbound.settled(), outbound.settled()]);
  expect(await unauthenticated()).toBe(0);
  using _waiting = await openPrefect(url, 'in', { first: null });
  expect(await unauthenticated()).toBe(1);
});

test('a WebSocket on a connection that has served an authenticated request counts, since a proxy can share it', async () => {
  await expect.poll(unauthenticated, pollOptions).toBe(0);
  const socket = await sent('GET /graphql?query={head}', { authorization });
  const upgrade = {
    upgrade: 'websocket',
    connection: 'upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'A'.repeat(22) + '==',
  };
  const lines = Object.entries({ host: 'localhost', ...upgrade }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /graphql HTTP/1.1\r\nsec-websocket-protocol: graphql-transport-ws\r\n${lines.join('')}\r\n`);
  await once(socket, 'data');
  expect(await unauthenticated()).toBe(1);
  socket.destroy();
  await expect.poll(unauthenticated, pollOptions).toBe(0);
});

test('streams that were requested ahead end with their connection', async () => {
  const path = `/graphql?query=${encodeURIComponent('subscription { events { id } }')}`;
  const request = `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nauthorization: ${authorization}\r\n\r\n`;
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(request.repeat(5));
  await expect.poll(() => metric('tidings_subscriptions'), pollOptions).toBe(5);
  expect(await metric('tidings_streams')).toBe(5);
  socket.destroy();
  await expect.poll(() => metric('tidings_subscriptions'), pollOptions).toBe(0);
  expect(await metric('tidings_streams')).toBe(0);
});

test('a client that sends too many requests ahead is disconnected, also with a key', async () => {
  const get = `GET /graphql?query={head} HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\n\r\n`;
  const received = async (requests: number): Promise<number> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.on('error', () => undefined).on('data', (data: Buffer) => (text += data.toString()));
    const closed = once(socket, 'close');
    socket.write(get.repeat(requests - 1) + get.replace('host:', 'connection: close\r\nhost:'));
    await closed;
    return text.split('HTTP/1.1 200').length - 1;
  };
  expect(await received(100)).toBe(100);
  expect(await received(101)).toBe(0);
});
