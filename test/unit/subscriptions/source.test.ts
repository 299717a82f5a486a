import pino from 'pino';
import { expect, test } from 'vitest';
import { type SubscriptionReader, SubscriptionSource } from '../../../src/subscriptions/source.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { origin } from '../../../src/event/cursor.ts';
import type { Tail } from '../../../src/log/tail.ts';
import type { WakeListener } from '../../../src/concurrency/wake-signal.ts';

/** A reader with given results, whose reads end when the test ends them. */
class FakeReader implements SubscriptionReader<{ n: number }> {
  reads = 0;
  listener: WakeListener | null = null;
  private finish: () => void = () => undefined;

  constructor(readonly results: ({ n: number } | 'READ' | 'WAIT' | 'ENDED')[]) {}

  next() {
    return this.results.length > 1 ? this.results.shift()! : this.results[0]!;
  }

  read(): Promise<void> {
    this.reads += 1;
    return new Promise((resolve) => (this.finish = resolve));
  }

  finishReading(): void {
    this.finish();
  }

  onReadable(listener: WakeListener): void {
    this.listener = listener;
  }

  offReadable(): void {
    this.listener = null;
  }

  identityOf({ n }: { n: number }): number {
    return n;
  }

  eventsIn(): number {
    return 1;
  }

  [Symbol.dispose](): void {
    this.results.splice(0, Infinity, 'ENDED');
  }
}

const stopping = new AbortController();
const parts = { tail: { stopped: stopping.signal } as Tail, metrics: createMetrics(), logger: pino({ level: 'silent' }) };
const sourceOf = (reader: FakeReader): SubscriptionSource<{ n: number }> =>
  new SubscriptionSource(parts, reader, { client: 'test', head: origin, [Symbol.dispose]: () => undefined });

test('a wake during a read starts no second read', async () => {
  const reader = new FakeReader(['WAIT', 'READ', { n: 1 }]);
  const source = sourceOf(reader);
  const next = source.next();
  await Promise.resolve(); // the first take
  const late = reader.listener!;
  late.wake();
  await new Promise((resolve) => setImmediate(resolve));
  late.wake(); // as a timer does that was set before
  await new Promise((resolve) => setImmediate(resolve));
  expect(reader.reads).toBe(1);
  reader.finishReading();
  expect(await next).toEqual({ done: false, value: { n: 1 } });
  source.end();
});

test('a pending next settles at once when the source ends, also during a read', async () => {
  for (const result of ['READ', 'WAIT'] as const) {
    const source = sourceOf(new FakeReader([result]));
    const next = source.next();
    await new Promise((resolve) => setImmediate(resolve));
    await source.return();
    expect((await next).done).toBe(true);
  }
});
