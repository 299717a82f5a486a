import { setTimeout as sleep } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { request } from './request.ts';

export interface RetryOptions {
  /** Time after the first failed attempt until the request fails. */
  readonly timeoutMs: number;
  /** Called after the first failed attempt. */
  readonly onUnavailable: (reason: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Sends an operation until the server responds, with exponential backoff.
 *
 * Assumes: the operation can be repeated. Throws UNAVAILABLE after the timeout, and the errors of
 * the server.
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
      throw unreachable(endpoint, timeoutMs, result.unavailable);
    }
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  }
}

export function unreachable({ displayUrl }: Endpoint, timeoutMs: number, reason: string): TidingsError {
  const duration = timeoutMs === 0 ? '' : ` for ${timeoutMs / 1000} s`;
  const message = `${displayUrl} could not be reached${duration} (${reason}). Start the server, or set --url to its address.`;
  return new TidingsError('UNAVAILABLE', message);
}

/** The delay after a number of failures, with jitter, so that clients do not return all at once. */
function retryDelayMs(failures: number): number {
  return Math.min(minRetryDelayMs * 2 ** failures, maxRetryDelayMs) * (0.5 + Math.random() / 2);
}

const minRetryDelayMs = 100;
const maxRetryDelayMs = 2000;
const minAttemptMs = 1000;
/** Longer than the default statement timeout of the server, so that slow responses still arrive. */
const maxAttemptMs = 60_000;
