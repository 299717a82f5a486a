import pino from 'pino';
import { expect, test } from 'vitest';
import { retry } from '../../../src/concurrency/retry.ts';

/** Persists with attempts that fail until `endsAt` of them were made, which ends it or succeeds; resolves with how often it said that it waits. */
async function retriesUntil({ endsAt, by }: { endsAt: number; by: 'success' | 'stop' | 'leaving' }): Promise<number> {
  const stopping = new AbortController();
  let attempts = 0;
  let isOver = false;
  let lines = 0;
  const logger = pino({ level: 'warn' }, { write: () => void (lines += 1) });
  const attempt = async (): Promise<void> => {
    attempts += 1;
    if (attempts < endsAt) throw new Error('away');
    if (by === 'success') return;
    if (by === 'stop') stopping.abort();
    else isOver = true;
    throw new Error('the database was closed');
  };
  await retry(attempt, { logger, isCancelled: () => isOver, stopped: stopping.signal });
  expect(attempts).toBe(endsAt);
  return lines;
}

test('a subscription says once that it waits, and nothing when it ends with its server', async () => {
  expect(await retriesUntil({ endsAt: 1, by: 'success' })).toBe(0);
  expect(await retriesUntil({ endsAt: 3, by: 'success' })).toBe(1);
  expect(await retriesUntil({ endsAt: 1, by: 'stop' })).toBe(0);
  expect(await retriesUntil({ endsAt: 1, by: 'leaving' })).toBe(0);
  expect(await retriesUntil({ endsAt: 2, by: 'stop' })).toBe(1);
});
