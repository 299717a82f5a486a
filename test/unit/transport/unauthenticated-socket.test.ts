import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { markAuthenticated, UnauthenticatedConnections } from '../../../src/transport/unauthenticated-connections.ts';
import { limitUntilAuthenticated } from '../../../src/transport/unauthenticated-socket.ts';

let rejected = 0;
let server: Server;
const ignored = { inc: () => undefined, dec: () => undefined };
const unauthenticated = new UnauthenticatedConnections(1000, { unauthenticatedConnections: ignored, evictedConnections: ignored });

/** Answers each message with its length. The text `key` authenticates. */
beforeAll(async () => {
  const sockets = new WebSocketServer({ noServer: true });
  server = createServer().on('upgrade', (request, connection, head) => {
    unauthenticated.add(request.socket);
    sockets.handleUpgrade(request, connection, head, (socket) => {
      limitUntilAuthenticated(socket, request.socket, { inc: () => void (rejected += 1) });
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => {
        if (data.toString() === 'key') markAuthenticated(request.socket);
        socket.send(String(data.length));
      });
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => server.close());

async function opened(): Promise<{ readonly socket: WebSocket; readonly tcp: Socket; readonly closed: Promise<unknown> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').then(([code]) => code);
  await once(socket, 'open');
  const { _socket: tcp } = socket as unknown as { _socket: Socket };
  tcp.setNoDelay(true);
  return { socket, tcp, closed };
}

async function answer(socket: WebSocket): Promise<string> {
  const [data] = await once(socket, 'message');
  return String(data);
}

const limit = 64 * 1024;

test('a message within the limit arrives; afterwards, any', async () => {
  const { socket } = await opened();
  for (const text of ['x'.repeat(limit - 2000), 'key', 'x'.repeat(5 * limit)]) {
    socket.send(text);
    expect(await answer(socket)).toBe(String(text.length));
  }
  socket.terminate();
});

test.each([limit, 20 * limit])('a message of %i bytes closes the socket with 1009', async (length) => {
  const before = rejected;
  const { socket, closed } = await opened();
  socket.send('x'.repeat(length));
  expect(await closed).toBe(1009);
  expect(rejected).toBe(before + 1);
});

test('an unfinished frame does too, and its connection ends although the client continues', async () => {
  const { tcp, closed } = await opened();
  const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0xf0, 0, 0, 1, 2, 3, 4]); // 15 MiB
  tcp.write(header);
  const sending = setInterval(() => tcp.write(Buffer.alloc(10_000)), 5);
  expect(await closed).toBe(1009);
  clearInterval(sending);
});

test.each([
  ['fragments of one byte', Buffer.from([0x00, 0x81, 0, 0, 0, 0, 65])],
  ['fragments of no byte', Buffer.from([0x00, 0x80, 0, 0, 0, 0])],
])('many %s count for the memory that they take', async (_what, frame) => {
  const first = Buffer.from(frame);
  first[0] = 0x01;
  const { tcp, closed, socket } = await opened();
  tcp.write(Buffer.concat([first, ...Array.from({ length: 100 }, () => frame)]));
  socket.ping();
  await once(socket, 'pong');
  expect(socket.readyState).toBe(WebSocket.OPEN);
  tcp.write(Buffer.concat(Array.from({ length: 300 }, () => frame)));
  expect(await closed).toBe(1009);
});

test('a header that arrives byte by byte is counted once', async () => {
  const { tcp, socket } = await opened();
  const lengths = [100, 1000, 40_000];
  for (const length of lengths) {
    const answered = answer(socket);
    const header = length < 126 ? [0x82, 0x80 | length] : [0x82, 0xfe, length >> 8, length & 255];
    for (const byte of [...header, 0, 0, 0, 0]) await new Promise((resolve) => tcp.write(Buffer.from([byte]), resolve));
    tcp.write(Buffer.alloc(length));
    expect(await answered).toBe(String(length));
  }
  socket.terminate();
});
