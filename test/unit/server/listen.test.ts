import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { listen } from '../../../src/server/http-server.ts';

const count = 1500;

test.skipIf(longestQueue() < count)('the system completes connections that arrive at once before they are accepted', async () => {
  const server = createServer();
  await listen(server, 0, '127.0.0.1');
  const { port } = server.address() as AddressInfo;
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  await new Promise((resolve) => process.nextTick(resolve)); // after the calls of connect, before the event loop accepts
  const states = clientStates(port);
  for (const socket of sockets) socket.destroy();
  server.close();
  expect(states).toEqual({ [established]: count });
});

/** Of the sockets that have connected to a port, how many are in each state. */
function clientStates(port: number): Readonly<Record<string, number>> {
  const states: Record<string, number> = {};
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, , remote, state] = line.trim().split(/ +/);
    if (state === undefined || !remote?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`)) continue;
    states[state] = (states[state] ?? 0) + 1;
  }
  return states;
}

/** The longest queue that the system allows; 0: not Linux. */
function longestQueue(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  } catch {
    return 0;
  }
}

const established = '01';
