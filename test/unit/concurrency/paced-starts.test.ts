import { expect, test } from 'vitest';
import { PacedStarts } from '../../../src/concurrency/paced-starts.ts';
import { yieldToEventLoop } from '../../../src/concurrency/time-slices.ts';

function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;) continue;
}

/** Runs turns of the event loop until the condition holds. Returns the longest one, in milliseconds. */
async function longestTurn(until: () => boolean): Promise<number> {
  let longest = 0;
  for (let turns = 0, before = performance.now(); !until(); turns += 1) {
    expect(turns).toBeLessThan(10_000);
    await yieldToEventLoop();
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
  }
  return longest;
}

test('without a burst, tasks start at once', () => {
  const starts = new PacedStarts();
  const ran: number[] = [];
  for (let n = 0; n < 10; n += 1) starts.run(() => ran.push(n), 'a');
  expect(ran).toHaveLength(10);
  expect(starts.isFree).toBe(true);
});

test('a burst is spread over many turns, in order', async () => {
  const starts = new PacedStarts();
  const ran: number[] = [];
  const task = (n: number): void => {
    ran.push(n);
    work(1);
  };
  for (let n = 0; n < 300; n += 1) starts.run(() => task(n), 'a');
  const atOnce = ran.length;
  expect(atOnce).toBeGreaterThan(0);
  expect(atOnce).toBeLessThan(50);
  expect(starts.isFree).toBe(false);
  let turns = 0;
  await longestTurn(() => {
    turns += 1;
    return ran.length === 300;
  });
  expect(turns).toBeGreaterThan(10);
  expect(ran).toEqual(Array.from({ length: 300 }, (_, n) => n));
  await yieldToEventLoop();
  expect(starts.isFree).toBe(true);
});

test('what a task does in settled promises counts in its turn', async () => {
  const starts = new PacedStarts();
  let [done, mostInOneTurn, inThisTurn] = [0, 0, 0];
  const task = async (): Promise<void> => {
    await starts.turn('a');
    for (let steps = 0; steps < 5; steps += 1) await Promise.resolve();
    work(2);
    done += 1;
    inThisTurn += 1;
    mostInOneTurn = Math.max(mostInOneTurn, inThisTurn);
  };
  // As after a read that all of them share.
  const all = Promise.resolve().then(async () => await Promise.all(Array.from({ length: 200 }, task)));
  await longestTurn(() => {
    inThisTurn = 0;
    return done === 200;
  });
  await all;
  expect(mostInOneTurn).toBeLessThan(50);
});

test('clients take turns, so one of them does not wait for all tasks of another', async () => {
  const starts = new PacedStarts();
  const ran: string[] = [];
  const task = (name: string) => (): void => {
    ran.push(name);
    work(1);
  };
  for (let n = 0; n < 200; n += 1) starts.run(task('busy'), 'busy');
  const before = ran.length;
  starts.run(task('other'), 'other');
  await longestTurn(() => ran.includes('other'));
  expect(ran.indexOf('other') - before).toBeLessThan(3);
});
