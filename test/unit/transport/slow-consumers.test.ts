import pino from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createMetrics } from '../../../src/metrics.ts';
import { SubscriptionMemory } from '../../../src/subscriptions/subscription-memory.ts';
import { SlowConsumers, type SlowConsumer } from '../../../src/transport/slow-consumers/slow-consumers.ts';

function start() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const metrics = createMetrics();
  const memory = new SubscriptionMemory({ subscription: 1000, client: 1000, total: 5000 }, metrics);
  const slowConsumers = new SlowConsumers({ memory, metrics, logger: pino({ level: 'silent' }) });
  const log: string[] = [];
  const consumer = (name: string, { client = 'a', bytes = 400, shared = { key: 'none', bytes: 0 } } = {}): SlowConsumer => ({
    client,
    unread: { bytes, shared },
    dropHeld: () => void log.push(`${name} drops`),
    close: () => void log.push(`${name} closed`),
  });
  const valueOf = async (gauge: 'slowConsumers' | 'subscriptionBytes' | 'stalledConnections'): Promise<number> =>
    (await metrics[gauge].get()).values.reduce((sum, { value }) => sum + value, 0);
  return { memory, slowConsumers, consumer, log, valueOf };
}

test('what waits is charged until it is accepted, shared messages once', async () => {
  const { slowConsumers, consumer, valueOf } = start();
  const shared = { key: 'message 1', bytes: 100 };
  const consumers = [1, 2, 3].map((n) => consumer(`${n}`, { bytes: 10, shared }));
  for (const each of consumers) slowConsumers.begin(each);
  expect(await valueOf('subscriptionBytes')).toBe(130);
  expect(await valueOf('slowConsumers')).toBe(3);
  for (const each of [...consumers, ...consumers]) slowConsumers.end(each);
  expect(await valueOf('subscriptionBytes')).toBe(0);
  expect(await valueOf('slowConsumers')).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('a consumer drops what it holds once, when it has waited for a second', () => {
  const { slowConsumers, consumer, log } = start();
  slowConsumers.begin(consumer('first'));
  vi.advanceTimersByTime(900);
  expect(log).toEqual([]);
  vi.advanceTimersByTime(5000);
  expect(log).toEqual(['first drops']);
});

test('beyond the bound of a client, its connections are closed that wait the longest', async () => {
  const { memory, slowConsumers, consumer, log, valueOf } = start();
  const names = ['first', 'second', 'third', 'fourth'];
  slowConsumers.begin(consumer('of another', { client: 'b' }));
  for (const name of names) slowConsumers.begin(consumer(name));
  expect(() => memory.keep('a', { bytes: 1, shared: { key: 'filter', bytes: 0 } })).toThrow('expected subscriptions of one client');
  vi.advanceTimersByTime(1500);
  expect(log.filter((each) => each.endsWith('closed'))).toEqual(['first closed', 'second closed']);
  expect(await valueOf('subscriptionBytes')).toBe(1200);
  expect(await valueOf('stalledConnections')).toBe(2);
  memory.keep('a', { bytes: 1, shared: { key: 'filter', bytes: 0 } });
});

test('connections that have only begun to wait are not closed', () => {
  const { slowConsumers, consumer, log } = start();
  const consumers = ['first', 'second', 'third'].map((name) => consumer(name));
  for (const each of consumers) slowConsumers.begin(each);
  vi.advanceTimersByTime(900);
  for (const each of consumers) slowConsumers.end(each);
  vi.advanceTimersByTime(5000);
  expect(log).toEqual([]);
});
