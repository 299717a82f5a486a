import type { Logger } from 'pino';
import { pause } from '../log/pause.ts';

export interface Persistence {
  readonly logger: Logger;
  /** Aborts when nobody wants it any more. */
  readonly signal: AbortSignal;
  /** Aborts when it cannot succeed any more. */
  readonly stopped: AbortSignal;
  /** Whether it makes no sense to try again after this error, which is then thrown. */
  readonly isFinal: (error: unknown) => boolean;
}

/**
 * Tries something for a subscription until it succeeds, with pauses that grow, since a database that is away comes back.
 * Logs once for one outage.
 */
export async function persist(attempt: () => Promise<void>, { logger, signal, stopped, isFinal }: Persistence): Promise<void> {
  for (let failures = 0; !signal.aborted && !stopped.aborted;) {
    try {
      return await attempt();
    } catch (error) {
      if (isFinal(error)) throw error;
      if (failures === 0) logger.warn({ err: error }, 'a subscription waits for the database');
      failures += 1;
      await pause(Math.min(firstPauseMs * 2 ** failures, longestPauseMs), signal);
    }
  }
}

const firstPauseMs = 100;
const longestPauseMs = 3000;
