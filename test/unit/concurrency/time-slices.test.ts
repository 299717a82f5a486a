import { expect, test } from 'vitest';
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

test('a slice is over after its time', () => {
  expect(new TimeSlice(60_000).isOver()).toBe(false);
  expect(new TimeSlice(0).isOver()).toBe(true);
});

test('tasks run in order, each turn of the event loop those that were added before it', async () => {
  const timeSlices = new TimeSlices();
  const ran: string[] = [];
  const again = { run: () => void ran.push('again') };
  timeSlices.add({
    run() {
      ran.push('first');
      timeSlices.add(again);
    },
  });
  timeSlices.add({ run: () => void ran.push('second') });
  expect(ran).toEqual([]);
  await yieldToEventLoop();
  expect(ran).toEqual(['first', 'second']);
  await yieldToEventLoop();
  expect(ran).toEqual(['first', 'second', 'again']);
});
