import type { Logger } from 'pino';
import { pause } from './sleep.ts';

export interface Persistence {
  readonly logger: Logger;
  /** Whether nobody wants it any more. */
  readonly isOver: () => boolean;
  /** Aborts when it cannot succeed any more. */
  readonly stopped: AbortSignal;
}

/**
 * Tries something for a subscription until it succeeds, with pauses that grow, since a database that is away comes back.
 * Logs once for one outage.
 */
export async function persist(attempt: () => Promise<void>, { logger, isOver, stopped }: Persistence): Promise<void> {
  for (let failures = 0; !isOver() && !stopped.aborted;) {
    try {
      return await attempt();
    } catch (error) {
      if (isOver() || stopped.aborted) return; // the server closes its database: nothing is wrong
      if (failures === 0) logger.warn({ err: error }, 'a subscription waits for the database');
      failures += 1;
      await pause(Math.min(firstPauseMs * 2 ** failures, longestPauseMs), stopped);
    }
  }
}

const firstPauseMs = 100;
const longestPauseMs = 3000;
