import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startStallWatch } from '../../../src/store/database/stall-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

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
  await vi.advanceTimersByTimeAsync(60);
  expect(probes).toBe(1);
  endProbe();
  await vi.advanceTimersByTimeAsync(30);
  expect(probes).toBe(2);
  answer();
  await answered;
  endProbe();
  await vi.advanceTimersByTimeAsync(60);
  expect(probes).toBe(2);
});

test('statements that are answered, or fail, lead to no probe; nor does an idle process', async () => {
  let probes = 0;
  using watch = startStallWatch(async () => void (probes += 1), 50);
  const pending = watch.run(() => afterMs(200));
  for (let count = 0; count < 20; count += 1) {
    const answered = watch.run(() => afterMs(10));
    await vi.advanceTimersByTimeAsync(10);
    await answered;
  }
  await expect(watch.run(async () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await pending;
  await vi.advanceTimersByTimeAsync(120);
  expect(probes).toBe(0);
});

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
