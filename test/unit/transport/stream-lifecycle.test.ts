import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect, test } from 'vitest';
import { keepStreamAlive } from '../../../src/transport/socket-lifecycle.ts';

const idleMs = 100;

/** A stream, and the connection that reads it. */
async function opened(stack: AsyncDisposableStack, ms = idleMs) {
  let pings = 0;
  let stalls = 0;
  const http = createServer().listen(0, '127.0.0.1');
  stack.defer(() => void http.close());
  await once(http, 'listening');
  const connection: Socket = connect((http.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  stack.defer(() => void connection.destroy());
  connection.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const [, response] = (await once(http, 'request')) as [unknown, ServerResponse];
  const ping = (): void => {
    pings += 1;
    response.write(':\n\n');
  };
  const stalled = (): void => {
    stalls += 1;
    response.destroy();
  };
  response.write(':\n\n');
  keepStreamAlive(response, { ping, stalled }, ms);
  return { connection, response, count: () => ({ pings, stalls }) };
}

test('an idle stream is pinged, and stays open', async () => {
  await using stack = new AsyncDisposableStack();
  const { connection, response, count } = await opened(stack);
  connection.resume();
  await expect.poll(() => count().pings, { timeout: 100 * idleMs }).toBeGreaterThan(4);
  expect(count().stalls).toBe(0);
  expect(response.destroyed).toBe(false);
});

test('a client that reads nothing is cut and pings do not keep it', async () => {
  await using stack = new AsyncDisposableStack();
  const { response, count } = await opened(stack);
  response.write(Buffer.alloc(32 << 20));
  const startedAt = performance.now();
  await once(response, 'close', { signal: AbortSignal.timeout(100 * idleMs) });
  expect(performance.now() - startedAt).toBeGreaterThan(2.5 * idleMs);
  expect(count()).toEqual({ pings: 0, stalls: 1 });
});

test('a client that reads slowly, but in each period, is not cut', async () => {
  await using stack = new AsyncDisposableStack();
  // Longer than the test process is busy with anything else.
  const slowIdleMs = 300;
  const { connection, response, count } = await opened(stack, slowIdleMs);
  let bytes = 0;
  connection.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    connection.pause();
  });
  const pacer = setInterval(() => connection.resume(), 8); // at most 8 MB/s
  stack.defer(() => clearInterval(pacer));
  const startedAt = performance.now();
  response.write(Buffer.alloc(12 << 20));
  await expect.poll(() => bytes, { timeout: 100 * slowIdleMs }).toBeGreaterThanOrEqual(12 << 20);
  expect(performance.now() - startedAt).toBeGreaterThan(3 * slowIdleMs);
  expect(count().stalls).toBe(0);
});
