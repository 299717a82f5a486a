import { expect, test } from 'vitest';
import { backoffDelayMs, retry, type RetryOptions } from '../../../src/concurrency/retry.ts';

const backoff = { initialDelayMs: 1, maxDelayMs: 2 } as const;
const unreachable = new Error('the database is unreachable');

/**
 * Retries until attempt number `attempts`, which succeeds or cancels; returns the result and the
 * reported failures.
 */
async function retryUntil(attempts: number, by: 'success' | 'signal' | 'caller', options: Partial<RetryOptions> = {}) {
  const stopping = new AbortController();
  const previousFailures: number[] = [];
  const reported: unknown[] = [];
  let isCancelled = false;
  const attempt = async (failures: number): Promise<string> => {
    previousFailures.push(failures);
    if (previousFailures.length < attempts) throw unreachable;
    if (by === 'success') return 'done';
    if (by === 'signal') stopping.abort();
    else isCancelled = true;
    throw new Error('the database was closed');
  };
  const result = await retry(attempt, {
    backoff,
    signal: stopping.signal,
    isCancelled: () => isCancelled,
    onFirstFailure: (error) => reported.push(error),
    ...options,
  });
  expect(previousFailures).toEqual(Array.from({ length: attempts }, (_, index) => index));
  return { result, reported };
}

test('retries until the first success, and reports the first failure only', async () => {
  expect(await retryUntil(1, 'success')).toEqual({ result: 'done', reported: [] });
  expect(await retryUntil(4, 'success')).toEqual({ result: 'done', reported: [unreachable] });
});

test.each(['signal', 'caller'] as const)('a failure after a cancellation by the %s is neither reported nor retried', async (by) => {
  expect(await retryUntil(1, by)).toEqual({ result: 'CANCELLED', reported: [] });
  expect(await retryUntil(2, by)).toEqual({ result: 'CANCELLED', reported: [unreachable] });
});

test('makes no attempt when it is cancelled before', async () => {
  const attempt = async (): Promise<never> => expect.fail('attempted');
  expect(await retry(attempt, { backoff, signal: AbortSignal.abort() })).toBe('CANCELLED');
  expect(await retry(attempt, { backoff, signal: new AbortController().signal, isCancelled: () => true })).toBe('CANCELLED');
});

test('the signal ends the wait after a failure', async () => {
  const signal = AbortSignal.timeout(20);
  const attempt = async (): Promise<never> => {
    throw unreachable;
  };
  expect(await retry(attempt, { backoff: { initialDelayMs: 60_000, maxDelayMs: 60_000 }, signal })).toBe('CANCELLED');
});

test('throws an error that is not retryable, and that of the last attempt', async () => {
  const reported: unknown[] = [];
  const options = { isRetryable: () => false, onFirstFailure: (error: unknown) => void reported.push(error) };
  await expect(retryUntil(2, 'success', options)).rejects.toBe(unreachable);
  expect(reported).toEqual([]);
  await expect(retryUntil(4, 'success', { maxAttempts: 3 })).rejects.toBe(unreachable);
  expect(await retryUntil(3, 'success', { maxAttempts: 3 })).toMatchObject({ result: 'done' });
});

test('the wait doubles after each failure, up to the largest', () => {
  const delays = [0, 1, 2, 3, 2000].map((failures) => backoffDelayMs({ initialDelayMs: 100, maxDelayMs: 500 }, failures));
  expect(delays).toEqual([100, 200, 400, 500, 500]);
});
