import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { TimeSlice, TimeSlices, yieldToEventLoop } from '../../../src/concurrency/time-slices.ts';

test('a long loop that yields at the end of its slice lets other work run', async () => {
  const slice = new TimeSlice(1);
  let isDone = false;
  setImmediate(() => (isDone = true));
  for (let steps = 0; !isDone; steps += 1) {
    expect(steps).toBeLessThan(1e8);
    if (slice.isOver()) await slice.next();
  }
});

test('a turn of the event loop continues one of the loops that run at the same time', async () => {
  const turns: number[] = [];
  let turn = 0;
  const count = setInterval(() => (turn += 1), 0);
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      await new TimeSlice(0).next();
      const before = turns.at(-1);
      turns.push(turn);
      const end = performance.now() + 2; // so that the timer is due in each turn
      while (performance.now() < end);
      expect(before).not.toBe(turn);
    }),
  );
  clearInterval(count);
  expect(new Set(turns).size).toBe(20);
});

test('a slice is over after its time', () => {
  expect(new TimeSlice(60_000).isOver()).toBe(false);
  expect(new TimeSlice(0).isOver()).toBe(true);
});

afterEach(() => void vi.useRealTimers());

test('the tasks of a client run in order, each turn of the event loop those that were added before it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] }); // a slice does not end
  const timeSlices = new TimeSlices();
  const ran: string[] = [];
  const again = { run: () => void ran.push('again') };
  const first = {
    run() {
      ran.push('first');
      timeSlices.add(again, 'a');
    },
  };
  timeSlices.add(first, 'a');
  timeSlices.add({ run: () => void ran.push('second') }, 'a');
  expect(ran).toEqual([]);
  await yieldToEventLoop();
  expect(ran).toEqual(['first', 'second']);
  await yieldToEventLoop();
  expect(ran).toEqual(['first', 'second', 'again']);
});

test('clients take turns, however many tasks one of them has, and long tasks of one delay another by one of them', async () => {
  const timeSlices = new TimeSlices();
  const ran: string[] = [];
  const task = (name: string) => ({ run: () => void ran.push(name) });
  let isOver = false; // the tasks would else go on beside the following tests
  const long = {
    run(end: number) {
      if (isOver) return;
      ran.push('long');
      while (performance.now() < end) continue;
      timeSlices.add(long, 'busy');
    },
  };
  onTestFinished(() => void (isOver = true));
  for (let n = 0; n < 5000; n += 1) timeSlices.add(long, 'busy');
  await yieldToEventLoop();
  for (const name of ['a1', 'a2']) timeSlices.add(task(name), 'a');
  timeSlices.add(task('b1'), 'b');
  const before = ran.length;
  while (!['a1', 'a2', 'b1'].every((name) => ran.includes(name))) {
    expect(ran.length).toBeLessThan(100);
    await yieldToEventLoop();
  }
  // One slice may have begun before; then each client in turn.
  expect(ran.slice(before).filter((name) => name === 'long').length).toBeLessThanOrEqual(3);
  expect(ran.indexOf('b1')).toBeLessThan(ran.indexOf('a2'));
});
