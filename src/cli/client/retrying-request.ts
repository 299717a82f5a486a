import { setTimeout as pause } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { request } from './request.ts';

/** How long a server may be away before the question is given up. */
export interface RetryOptions {
  readonly timeoutMs: number;
  /** Told once for each time that the server is away. */
  readonly onUnavailable: (reason: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Asks until the server answers, with growing pauses; so the operation must be one that may be repeated. Throws
 * UNAVAILABLE when patience is at an end, and what the server refuses.
 */
export async function retryingRequest<T>(endpoint: Endpoint, body: string, { timeoutMs, onUnavailable, signal }: RetryOptions): Promise<T> {
  let deadline = Infinity;
  for (let failures = 0; ; failures += 1) {
    const remainingMs = Math.max(deadline - performance.now(), minAttemptMs);
    const limit = AbortSignal.timeout(Math.ceil(Math.min(remainingMs, maxAttemptMs)));
    const result = await request(endpoint, body, signal === undefined ? limit : AbortSignal.any([signal, limit]));
    signal?.throwIfAborted();
    if ('data' in result) return result.data as T;
    if ('rejected' in result) throw result.rejected;
    if (failures === 0) {
      onUnavailable(result.unavailable);
      deadline = performance.now() + timeoutMs;
    }
    const delayMs = retryDelayMs(failures);
    if (performance.now() + delayMs > deadline) {
      const message = `${endpoint.displayUrl} could not be reached for ${timeoutMs / 1000} s (${result.unavailable}); start the server, or set --url to where it is`;
      throw new TidingsError('UNAVAILABLE', message);
    }
    await pause(delayMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** Milliseconds to wait after so many failures, with some chance in it, so that many clients do not come back at once. */
export function retryDelayMs(failures: number): number {
  return Math.min(minRetryDelayMs * 2 ** failures, maxRetryDelayMs) * (0.5 + Math.random() / 2);
}

const minRetryDelayMs = 100;
const maxRetryDelayMs = 2000;
const minAttemptMs = 1000;
/** Longer than the server lets a statement run, so that a slow answer is still heard. */
const maxAttemptMs = 60_000;
