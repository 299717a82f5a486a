import { expect, test } from 'vitest';
import { openRaw } from '../support/protocols/raw-socket.ts';
import { startWatched } from '../support/server-memory.ts';
import { newDatabase } from '../support/test-server.ts';

test('a client that asks without reading the answers is held up, and costs little memory', { timeout: 120_000 }, async () => {
  await using home = await newDatabase();
  await using server = await startWatched(home.environment);
  using raw = await openRaw(server.url);
  await raw.settled();
  const before = await server.memory();
  raw.socket.pause();
  // Each answer carries as much back.
  const payload = { text: 'x'.repeat(1 << 20) };
  for (let sent = 0; sent < 100; sent += 1) raw.send({ type: 'ping', payload });
  let [most, last] = [0, -1];
  // Until it is all with the server, or the server takes no more of it.
  while (raw.socket.bufferedAmount > 0 && raw.socket.bufferedAmount !== last) {
    last = raw.socket.bufferedAmount;
    for (let look = 0; look < 5; look += 1) most = Math.max(most, (await server.memory()) - before);
  }
  most = Math.max(most, (await server.memory()) - before);
  expect(most).toBeLessThan(20 * 2 ** 20);
  raw.socket.resume();
  await expect.poll(() => raw.received.get('pong'), { timeout: 60_000 }).toBe(100);
});
