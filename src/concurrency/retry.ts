import { sleep } from './sleep.ts';

/**
 * The wait after a failure: `initialDelayMs` after the first one, doubled after each further one,
 * at most `maxDelayMs`.
 */
export interface Backoff {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
}

/** The wait after a failure that follows `previousFailures` earlier ones. */
export function backoffDelayMs({ initialDelayMs, maxDelayMs }: Backoff, previousFailures: number): number {
  return Math.min(initialDelayMs * 2 ** previousFailures, maxDelayMs);
}

export interface RetryOptions {
  readonly backoff: Backoff;
  /** Ends the current wait and prevents further attempts; does not interrupt an attempt. */
  readonly signal: AbortSignal;
  /** Prevents further attempts as the signal does; checked before and after each attempt. */
  readonly isCancelled?: () => boolean;
  /** Default: every error is. */
  readonly isRetryable?: (error: unknown) => boolean;
  /** Default: unlimited. */
  readonly maxAttempts?: number;
  /** Called once, with the first error that is followed by a wait. */
  readonly onFirstFailure?: (error: unknown) => void;
}

/**
 * Runs `attempt` until it succeeds and returns its result; passes it the number of attempts that
 * failed before. Returns CANCELLED if the retries were cancelled first. Throws an error that is not
 * retryable, and that of the last attempt.
 */
export async function retry<T>(
  attempt: (previousFailures: number) => Promise<T>,
  { backoff, signal, isCancelled = never, isRetryable = always, maxAttempts = Infinity, onFirstFailure }: RetryOptions,
): Promise<T | 'CANCELLED'> {
  for (let failures = 0; !signal.aborted && !isCancelled(); failures += 1) {
    try {
      return await attempt(failures);
    } catch (error) {
      if (!isRetryable(error) || failures + 1 >= maxAttempts) throw error;
      if (signal.aborted || isCancelled()) break;
      if (failures === 0) onFirstFailure?.(error);
      await sleep(backoffDelayMs(backoff, failures), signal);
    }
  }
  return 'CANCELLED';
}

const never = (): boolean => false;
const always = (): boolean => true;
