import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { AsyncDisposableStack, DisposableStack } from '@whatwg-node/disposablestack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { document, openPrefect } from '../support/protocols/prefect.ts';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { startInspected, type InspectedServer } from '../support/server-memory.ts';
import { newDatabase } from '../support/test-server.ts';

const maxConnections = 1100;
const mib = 2 ** 20;
const stack = new AsyncDisposableStack();
let server: InspectedServer;
beforeAll(async () => {
  const { environment } = stack.use(await newDatabase());
  server = stack.use(await startInspected({ ...environment, TIDINGS_MAX_UNAUTHENTICATED_CONNECTIONS: String(maxConnections) }));
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Opens connections that send a text and never read. Resolves when the server has begun to answer, or has closed them. */
async function unread(count: number, text: string): Promise<Disposable> {
  const sockets = Array.from({ length: count }, () => connect(Number(new URL(server.url).port), '127.0.0.1'));
  const answered = sockets.map(async (socket) => {
    socket.on('error', () => undefined).write(text);
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  });
  await Promise.all(answered);
  return { [Symbol.dispose]: () => sockets.forEach((socket) => socket.destroy()) };
}

/** The bytes that the server keeps while `attack` has what it returns. */
async function keptBytes(attack: () => Promise<Disposable>): Promise<number> {
  const before = await server.memory();
  using _attack = await attack();
  return (await server.memory()) - before;
}

test('GraphiQL that is not read costs no memory', async () => {
  const request = 'GET /graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\n';
  const page = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('YogaGraphiQL'); // also renders it
  const kept = await keptBytes(async () => {
    using stack = new DisposableStack();
    stack.use(await unread(100, `${request}\r\n`));
    stack.use(await unread(100, `${request}accept-encoding: gzip\r\n\r\n`));
    return stack.move();
  });
  console.log(`200 unread pages: ${(kept / 1024).toFixed(0)} KB`);
  expect(kept).toBeLessThan(4 * mib);
});

test('requests that are sent ahead cost little memory', async () => {
  const kept = await keptBytes(async () => {
    using stack = new DisposableStack();
    for (const path of ['/', '/graphql', '/livez', '/nothing']) {
      stack.use(await unread(20, `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\n\r\n`.repeat(1000)));
    }
    return stack.move();
  });
  console.log(`80,000 requests: ${(kept / 1024).toFixed(0)} KB`);
  expect(kept).toBeLessThan(4 * mib);
});

/** A frame of 15 MiB without its last byte. */
const unfinished = Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0xf0, 0, 0, 1, 2, 3, 4]), Buffer.alloc(15 * mib - 1)]);

/** Opens a WebSocket that sends it, and resolves with the code of its close. */
async function codeOfUnfinished(path: string, protocol: string): Promise<number> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, protocol);
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'open');
  (socket as unknown as { _socket: Socket })._socket.write(unfinished);
  return (await closed)[0];
}

test('unfinished frames are not kept', async () => {
  const kept = await keptBytes(async () => {
    for (const [path, protocol, code] of [
      ['/graphql', 'graphql-transport-ws', 1009],
      ['/graphql', 'unknown', 4406],
      ['/api/events/in', 'prefect', 1009],
      ['/api/events/out', 'prefect', 1009],
    ] as const) {
      const codes = await Promise.all(Array.from({ length: 60 }, () => codeOfUnfinished(path, protocol)));
      expect(new Set(codes), `${path} ${protocol}`).toEqual(new Set([code]));
    }
    return { [Symbol.dispose]: () => undefined };
  });
  expect(kept).toBeLessThan(4 * mib);
});

test('a rejected upgrade does not keep its connection', async () => {
  const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1', allowHalfOpen: true });
  socket.resume().write('GET /nothing HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
  await once(socket, 'end');
  await expect.poll(() => server.metric('tidings_unauthenticated_connections'), { timeout: 10_000 }).toBe(0);
  socket.destroy();
});

test('1,600 connections of one address neither stay open nor keep clients out', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const request = async (): Promise<boolean> => {
    const sent = get(`${server.url}/graphql?query={head}`, { agent });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    await response.toArray();
    return sent.reusedSocket;
  };
  expect(await request()).toBe(false);
  const evicted = await server.metric('tidings_evicted_connections_total');
  using raw = await openRaw(server.url);
  let closed = 0;
  const silent = Array.from({ length: 1600 }, () =>
    connect(Number(new URL(server.url).port), '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => (closed += 1)),
  );
  try {
    await expect.poll(() => closed, { timeout: 20_000 }).toBe(1600 - maxConnections);
    expect(await server.metric('tidings_unauthenticated_connections')).toBe(maxConnections);
    expect((await server.metric('tidings_evicted_connections_total')) - evicted).toBe(1600 - maxConnections);
    expect(await request()).toBe(true);
    await raw.settled();
    using another = await openRaw(server.url);
    await another.settled();
  } finally {
    for (const each of silent) each.destroy();
    agent.destroy();
  }
});

test('clients that authenticate may send as much as before', async () => {
  const text = 'x'.repeat(mib);
  using raw = await openRaw(server.url, {}, { token: 'x'.repeat(60_000) });
  raw.send({ id: 'large', type: 'subscribe', payload: { query: '{ __typename }', variables: { text } } });
  await raw.settled();
  for (const protocol of ['prefect', null]) {
    using socket = await openPrefect(server.url, 'in', { protocol });
    socket.send(document('acme.large', { id: `large-${protocol}`, payload: { text } }));
    await socket.settled();
  }
  const query = '{ events(filter: {event: {in: ["acme.large"]}}) { nodes { id } } }';
  const { data } = (await (await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`)).json()) as any;
  expect(data.events.nodes).toHaveLength(2);
});

test('after all of that the server runs, and has logged no bug', async () => {
  expect(server.child.exitCode).toBeNull();
  expect(await server.metric('tidings_unexpected_errors_total')).toBe(0);
  await expect.poll(() => server.metric('tidings_unauthenticated_connections'), { timeout: 10_000 }).toBe(0);
});
