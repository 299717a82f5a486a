import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createMetrics } from '../../../src/metrics.ts';
import { SlowConsumers } from '../../../src/transport/slow-consumers/slow-consumers.ts';
import { EncodedMessage, Envelope, OrderedWebSocket, SocketWriter } from '../../../src/transport/socket-writer.ts';

const slowConsumers = new SlowConsumers({
  memory: { charge: () => ({ [Symbol.dispose]: () => undefined }), isExceeded: () => false },
  metrics: createMetrics(),
  logger: pino({ level: 'silent' }),
});
let server: Server;
let sockets: WebSocketServer;
beforeAll(async () => {
  server = createServer().listen(0, '127.0.0.1');
  sockets = new WebSocketServer({ server, WebSocket: OrderedWebSocket });
  await once(server, 'listening');
});
afterAll(() => server.close());

/** A connected pair, and what the client has received. */
async function connected() {
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const received: string[] = [];
  client.on('message', (data: Buffer) => received.push(data.toString()));
  client.on('pong', (data) => received.push(`pong ${data.toString()}`));
  client.on('ping', (data) => received.push(`ping ${data.toString()}`));
  const closed = once(client, 'close') as Promise<[number, Buffer]>;
  const [[socket, request]] = (await Promise.all([once(sockets, 'connection'), once(client, 'open')])) as unknown as [
    [OrderedWebSocket, { socket: Socket }],
  ];
  const writer = new SocketWriter(socket, request.socket, { slowConsumers, client: () => 'test' });
  return { client, received, closed, socket, connection: request.socket, writer };
}

const plain = new Envelope('<', '>');
const texts = [0, 1, 123, 124, 125, 126, 200, 16_383, 16_384, 70_000].flatMap((length) =>
  ['a', 'é', '€', '😀'].map((character) => character.repeat(length).slice(0, length - (length % character.length))),
);

test('messages of any length arrive whole and in order, among the frames that ws writes', async () => {
  const { received, closed, socket, writer, client } = await connected();
  const expected: string[] = [];
  const long = new Envelope('é'.repeat(40_000), '>');
  for (const [n, text] of texts.entries()) {
    const envelope = n % 7 === 6 ? long : plain;
    writer.send(envelope, new EncodedMessage(text));
    expected.push(`${envelope.before}${text}>`);
    if (n % 3 === 0) {
      socket.send(`ws ${n}`);
      expected.push(`ws ${n}`);
    }
    if (n % 5 === 0) {
      socket.ping(String(n));
      expected.push(`ping ${n}`);
    }
    if (n % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  writer.send(plain, new EncodedMessage('last'));
  socket.close(4000, 'the end');
  writer.send(plain, new EncodedMessage('too late'));
  const [code, reason] = await closed;
  expect(client.readyState).toBe(WebSocket.CLOSED);
  expect([code, reason.toString()]).toEqual([4000, 'the end']);
  expect(received).toEqual([...expected, '<last>']);
});

test('a message after a close frame of the client is dropped', async () => {
  const { received, closed, socket, writer, client } = await connected();
  client.close(1000);
  await once(socket, 'close').catch(() => undefined);
  writer.send(plain, new EncodedMessage('too late'));
  await closed;
  expect(received).toEqual([]);
});

test('messages that are not written yet count as waiting for the network', async () => {
  const { received, socket, writer } = await connected();
  const message = new EncodedMessage('x'.repeat(1000));
  let sent = 0;
  for (; writer.room.hasRoom; sent += 1) writer.send(plain, message);
  expect(sent).toBe(Math.ceil((64 * 1024) / (1000 + 2 + 4)));
  await expect.poll(() => received.length).toBe(sent);
  expect(writer.room.hasRoom).toBe(true);
  socket.terminate();
});

test('a connection that breaks before messages are written drops them', async () => {
  const { socket, connection, writer, closed } = await connected();
  const errors: unknown[] = [];
  socket.on('error', (error) => errors.push(error));
  writer.send(plain, new EncodedMessage('lost'));
  connection.destroy();
  await closed;
  writer.send(plain, new EncodedMessage('lost'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual([]);
});
