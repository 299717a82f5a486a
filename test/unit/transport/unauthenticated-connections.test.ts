import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import {
  chargeUnauthenticated,
  isAuthenticated,
  markAuthenticated,
  UnauthenticatedConnections,
} from '../../../src/transport/unauthenticated-connections.ts';

let [open, evicted] = [0, 0];
let connections: UnauthenticatedConnections;
beforeEach(() => {
  [open, evicted] = [0, 0];
  connections = new UnauthenticatedConnections(3, {
    unauthenticatedConnections: { inc: () => void open++, dec: () => void open-- },
    evictedConnections: { inc: () => void evicted++ },
  });
});

class Connection extends EventEmitter {
  destroyed = false;

  constructor(readonly remoteAddress: string) {
    super();
    connections.add(this as unknown as Socket);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

const opened = (count: number, address = '192.0.2.1') => Array.from({ length: count }, () => new Connection(address));
const destroyedOf = (all: readonly Connection[]): readonly boolean[] => all.map(({ destroyed }) => destroyed);
const asDuplex = (connection: Connection): Socket => connection as unknown as Socket;

test('one more connection closes the oldest of its address', () => {
  const all = opened(5);
  expect(destroyedOf(all)).toEqual([true, true, false, false, false]);
  expect([open, evicted]).toEqual([3, 2]);
});

test('each address has its own connections; a /64 network counts as one', () => {
  const all = [...opened(3), ...opened(3, '192.0.2.2'), ...opened(3, '2001:db8::1')];
  expect(evicted).toBe(0);
  const mapped = new Connection('::ffff:192.0.2.1');
  const neighbour = new Connection('2001:db8::ffff:1');
  expect(destroyedOf(all)).toEqual([true, false, false, false, false, false, true, false, false]);
  expect(destroyedOf([mapped, neighbour])).toEqual([false, false]);
});

test('an authenticated connection is not counted and never closed', () => {
  const [first] = opened(1) as [Connection];
  expect(isAuthenticated(asDuplex(first))).toBe(false);
  markAuthenticated(asDuplex(first));
  markAuthenticated(asDuplex(first));
  expect([isAuthenticated(asDuplex(first)), open]).toEqual([true, 0]);
  opened(10);
  expect([first.destroyed, evicted, open]).toEqual([false, 7, 3]);
});

test('a connection that becomes a WebSocket is counted again, as the newest', () => {
  const [first] = opened(3) as [Connection];
  connections.add(asDuplex(first)); // still counted
  expect(open).toBe(3);
  markAuthenticated(asDuplex(first));
  connections.add(asDuplex(first));
  expect([isAuthenticated(asDuplex(first)), open]).toEqual([false, 3]);
  opened(2);
  expect([first.destroyed, evicted]).toEqual([false, 2]);
});

test('a closed connection makes room', () => {
  for (const each of opened(3)) each.destroy();
  expect(open).toBe(0);
  const closed = new Connection('192.0.2.1');
  closed.destroy();
  connections.add(asDuplex(closed));
  expect([open, destroyedOf(opened(3)), evicted]).toEqual([0, [false, false, false], 0]);
});

test('a charge counts as further connections until it is taken back', () => {
  const [first, second] = opened(2) as [Connection, Connection];
  chargeUnauthenticated(asDuplex(second), 1);
  expect(first.destroyed).toBe(false);
  chargeUnauthenticated(asDuplex(second), 1);
  expect([first.destroyed, second.destroyed]).toEqual([true, false]);
  chargeUnauthenticated(asDuplex(second), -2);
  expect(destroyedOf(opened(2))).toEqual([false, false]);
  expect([second.destroyed, evicted]).toEqual([false, 1]);
  chargeUnauthenticated(asDuplex(second), 100);
  expect([second.destroyed, open]).toEqual([true, 2]);
  chargeUnauthenticated(asDuplex(second), -100); // is no longer counted
  opened(1);
  expect([open, evicted]).toEqual([3, 2]);
});
