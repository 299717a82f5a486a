import pino from 'pino';
import { expect, test } from 'vitest';
import { persist } from '../../../src/concurrency/retry.ts';

/** Persists with attempts that fail until `endsAt` of them were made, which ends it or succeeds; resolves with how often it said that it waits. */
async function persisting({ endsAt, by }: { endsAt: number; by: 'success' | 'stop' | 'leaving' }): Promise<number> {
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
  await persist(attempt, { logger, isOver: () => isOver, stopped: stopping.signal });
  expect(attempts).toBe(endsAt);
  return lines;
}

test('a subscription says once that it waits, and nothing when it ends with its server', async () => {
  expect(await persisting({ endsAt: 1, by: 'success' })).toBe(0);
  expect(await persisting({ endsAt: 3, by: 'success' })).toBe(1);
  expect(await persisting({ endsAt: 1, by: 'stop' })).toBe(0);
  expect(await persisting({ endsAt: 1, by: 'leaving' })).toBe(0);
  expect(await persisting({ endsAt: 2, by: 'stop' })).toBe(1);
});
