import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { keepAlive, type KeepAliveOptions } from '../../../src/transport/socket-lifecycle.ts';

const idleMs = 100;

async function connected(stack: AsyncDisposableStack, options: Partial<KeepAliveOptions> = {}) {
  const http = createServer().listen(0, '127.0.0.1');
  stack.defer(() => void http.close());
  await once(http, 'listening');
  const server = new WebSocketServer({ noServer: true });
  const opened = new Promise<WebSocket>((resolve) => {
    http.on('upgrade', (request, socket, head) =>
      server.handleUpgrade(request, socket, head, (webSocket) => {
        keepAlive(webSocket, request.socket, { idleMs, stalled: () => undefined, ...options });
        resolve(webSocket);
      }),
    );
  });
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, { perMessageDeflate: false });
  stack.defer(() => client.terminate());
  const [serverSocket] = await Promise.all([opened, once(client, 'open')]);
  stack.defer(() => serverSocket.terminate());
  const { _socket: connection } = client as unknown as { _socket: Socket };
  return { client, serverSocket, connection };
}

test('a client that reads a large message slowly is not cut, though its pong comes only after the message', async () => {
  await using stack = new AsyncDisposableStack();
  // Longer than the test process is busy with anything else.
  const slowIdleMs = 600;
  const { client, serverSocket, connection } = await connected(stack, { idleMs: slowIdleMs });
  // At most 10 MB/s: the message takes five idle periods or more.
  const pacer = setInterval(() => connection.resume(), 6);
  stack.defer(() => clearInterval(pacer));
  const pause = (): void => void connection.pause();
  connection.on('data', pause);
  let pongs = 0;
  serverSocket.on('pong', () => (pongs += 1));
  const startedAt = performance.now();
  serverSocket.send(Buffer.alloc(32 << 20));
  const [data] = (await once(client, 'message')) as [Buffer];
  expect(data.length).toBe(32 << 20);
  expect(performance.now() - startedAt).toBeGreaterThan(3 * slowIdleMs);
  connection.off('data', pause).resume();
  await expect.poll(() => pongs, { timeout: 20 * slowIdleMs }).toBeGreaterThan(0); // it is still connected, and alive
});

test('a client that reads nothing is cut, with and without messages that wait for it', async () => {
  for (const bytes of [0, 32 << 20]) {
    await using stack = new AsyncDisposableStack();
    const { serverSocket, connection } = await connected(stack);
    connection.pause();
    serverSocket.send(Buffer.alloc(bytes));
    await once(serverSocket, 'close', { signal: AbortSignal.timeout(100 * idleMs) });
  }
});

test('an idle client that answers pings stays connected, also while the server does not read it', async () => {
  await using stack = new AsyncDisposableStack();
  let isPaused = false;
  const { client, serverSocket } = await connected(stack, { isReadPaused: () => isPaused });
  let pings = 0;
  client.on('ping', () => (pings += 1));
  await expect.poll(() => pings, { timeout: 100 * idleMs }).toBeGreaterThan(4);
  isPaused = true;
  serverSocket.pause();
  const before = pings;
  await expect.poll(() => pings, { timeout: 100 * idleMs }).toBeGreaterThan(before + 4);
  isPaused = false;
  serverSocket.resume();
  await expect.poll(() => pings, { timeout: 100 * idleMs }).toBeGreaterThan(before + 8);
  expect(serverSocket.readyState).toBe(WebSocket.OPEN);
});
