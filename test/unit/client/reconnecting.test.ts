import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { reconnecting } from '../../../src/client/follow/reconnecting.ts';
import { TidingsError } from '../../../src/client/wire/client-error.ts';
import type { Wire } from '../../../src/client/wire/wire.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** Attempts until a subscription ends whose key is rejected by every attempt but the first ones. */
async function attemptsUntilEnd(hasChangingKey: boolean, acceptedAttempts: number): Promise<number> {
  const wait = (ms: number): Promise<void> => Promise.resolve(void vi.advanceTimersByTime(ms));
  const wire = { hasChangingKey, backoff: { delayAfter: () => 1000, wait } } as unknown as Wire;
  let attempts = 0;
  async function* connect(): AsyncGenerator<string, void> {
    attempts += 1;
    if (attempts <= acceptedAttempts) yield 'accepted';
    throw new TidingsError('UNAUTHENTICATED', 'expected a valid API key');
  }
  const follow = async (): Promise<void> => {
    for await (const _ of reconnecting({ wire, report: () => undefined, signal: new AbortController().signal }, connect));
  };
  await expect(follow()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  return attempts;
}

test('a subscription that was accepted waits a minute for another key, if there can be one', async () => {
  expect(await attemptsUntilEnd(true, 1)).toBe(1 + 61);
  expect(await attemptsUntilEnd(true, 3)).toBe(3 + 61);
  expect(await attemptsUntilEnd(false, 1)).toBe(2);
});

test('a subscription whose first key is rejected ends at once', async () => {
  expect(await attemptsUntilEnd(true, 0)).toBe(1);
});
