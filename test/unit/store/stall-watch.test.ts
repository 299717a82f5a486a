import { expect, test } from 'vitest';
import { startStallWatch } from '../../../src/store/database/stall-watch.ts';

test('a statement without an answer leads to one probe at a time, and an answer ends them', async () => {
  let probes = 0;
  let endProbe = (): void => undefined;
  const probe = (): Promise<void> => {
    probes += 1;
    return new Promise((resolve) => (endProbe = resolve));
  };
  using watch = startStallWatch(probe, 20);
  let answer = (): void => undefined;
  const answered = watch.run(() => new Promise<void>((resolve) => (answer = resolve)));
  await expect.poll(() => probes).toBe(1);
  await afterMs(60);
  expect(probes).toBe(1);
  endProbe();
  await expect.poll(() => probes).toBe(2);
  answer();
  await answered;
  endProbe();
  await afterMs(60);
  expect(probes).toBe(2);
});

test('statements that are answered, or fail, lead to no probe; nor does an idle process', async () => {
  let probes = 0;
  // Long enough for a busy machine, on which 10 ms can take many times as long.
  using watch = startStallWatch(async () => void (probes += 1), 500);
  const pending = watch.run(() => afterMs(1100));
  for (let count = 0; count < 100; count += 1) await watch.run(() => afterMs(10));
  await expect(watch.run(async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await pending;
  await afterMs(800);
  expect(probes).toBe(0);
});

/** Time in which something must not happen. */
function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
