import pino from 'pino';
import { expect, test } from 'vitest';
import { type LiveCursor, LiveSource } from '../../../src/subscriptions/source.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { Tail } from '../../../src/log/tail.ts';
import type { Waiter } from '../../../src/concurrency/wake-signal.ts';

/** A cursor over given answers, whose reads take as long as the test wants. */
class GivenCursor implements LiveCursor<{ n: number }> {
  reads = 0;
  waiter: Waiter | null = null;
  private finish: () => void = () => undefined;

  constructor(readonly answers: ({ n: number } | 'READ' | 'WAIT' | 'ENDED')[]) {}

  next() {
    return this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
  }

  read(): Promise<void> {
    this.reads += 1;
    return new Promise((resolve) => (this.finish = resolve));
  }

  finishReading(): void {
    this.finish();
  }

  onMore(waiter: Waiter): void {
    this.waiter = waiter;
  }

  offMore(): void {
    this.waiter = null;
  }

  identityOf({ n }: { n: number }): number {
    return n;
  }

  eventsIn(): number {
    return 1;
  }

  [Symbol.dispose](): void {
    this.answers.splice(0, Infinity, 'ENDED');
  }
}

const stopping = new AbortController();
const parts = { tail: { stopped: stopping.signal } as Tail, metrics: createMetrics(), logger: pino({ level: 'silent' }) };
const sourceOf = (cursor: GivenCursor): LiveSource<{ n: number }> => new LiveSource(parts, cursor, { [Symbol.dispose]: () => undefined });

test('a wake-up that comes late, while it reads, starts no second read', async () => {
  const cursor = new GivenCursor(['WAIT', 'READ', { n: 1 }]);
  const source = sourceOf(cursor);
  const next = source.next();
  await Promise.resolve(); // it has asked
  const late = cursor.waiter!;
  late.wake();
  await new Promise((resolve) => setImmediate(resolve));
  late.wake(); // such as a timer that was set before
  await new Promise((resolve) => setImmediate(resolve));
  expect(cursor.reads).toBe(1);
  cursor.finishReading();
  expect(await next).toEqual({ done: false, value: { n: 1 } });
  source.end();
});

test('whoever waits is told at once when it ends, also while it reads', async () => {
  for (const answer of ['READ', 'WAIT'] as const) {
    const source = sourceOf(new GivenCursor([answer]));
    const next = source.next();
    await new Promise((resolve) => setImmediate(resolve));
    await source.return();
    expect((await next).done).toBe(true);
  }
});
