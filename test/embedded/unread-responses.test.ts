import { expect, test } from 'vitest';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { startInspected } from '../support/server-memory.ts';
import { newDatabase } from '../support/test-server.ts';

test('a client that sends without reading the responses is slowed down, and costs little memory', { timeout: 120_000 }, async () => {
  await using testDatabase = await newDatabase();
  await using server = await startInspected(testDatabase.environment);
  using raw = await openRaw(server.url);
  await raw.settled();
  const before = await server.memory();
  raw.socket.pause();
  // Each response is as large as its request.
  const payload = { text: 'x'.repeat(200 << 10) };
  for (let sent = 0; sent < 500; sent += 1) raw.send({ type: 'ping', payload });
  let [maxBytes, last] = [0, -1];
  // Until the server has read everything, or stops reading.
  while (raw.socket.bufferedAmount > 0 && raw.socket.bufferedAmount !== last) {
    last = raw.socket.bufferedAmount;
    for (let sample = 0; sample < 5; sample += 1) maxBytes = Math.max(maxBytes, (await server.memory()) - before);
  }
  maxBytes = Math.max(maxBytes, (await server.memory()) - before);
  expect(maxBytes).toBeLessThan(20 * 2 ** 20);
  raw.socket.resume();
  await expect.poll(() => raw.received.get('pong'), { timeout: 60_000 }).toBe(500);
});
