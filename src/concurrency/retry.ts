import type { Logger } from 'pino';
import { sleep } from './sleep.ts';

export interface RetryOptions {
  readonly logger: Logger;
  /** Whether nobody wants it any more. */
  readonly isCancelled: () => boolean;
  /** Aborts when it cannot succeed any more. */
  readonly stopped: AbortSignal;
}

/**
 * Tries something for a subscription until it succeeds, with pauses that grow, since a database that is away comes back.
 * Logs once for one outage.
 */
export async function retry(attempt: () => Promise<void>, { logger, isCancelled, stopped }: RetryOptions): Promise<void> {
  for (let failures = 0; !isCancelled() && !stopped.aborted;) {
    try {
      return await attempt();
    } catch (error) {
      if (isCancelled() || stopped.aborted) return; // the server closes its database: nothing is wrong
      if (failures === 0) logger.warn({ err: error }, 'a subscription waits for the database');
      failures += 1;
      await sleep(Math.min(minDelayMs * 2 ** failures, maxDelayMs), stopped);
    }
  }
}

const minDelayMs = 100;
const maxDelayMs = 3000;
