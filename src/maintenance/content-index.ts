import type { Logger } from 'pino';
import { sleep } from '../concurrency/sleep.ts';
import type { Database } from '../store/database/database.ts';
import { buildContentIndex, isContentIndexComplete } from '../store/skip-index/content-index.ts';

/**
 * Builds the index of the events for the partitions of an earlier version, in the background. Any
 * process may do it; the others wait. Repeats what fails.
 *
 * @param connectAlone Opens a database with a single connection and without a statement timeout.
 */
export function startContentIndexBuilder(
  { database, logger }: { readonly database: Database; readonly logger: Pick<Logger, 'warn'> },
  connectAlone: () => Database,
): AsyncDisposable {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    for (let failing = false; !stopping.signal.aborted; await sleep(retryDelayMs, stopping.signal)) {
      try {
        if (await isContentIndexComplete(database)) return;
        await using alone = connectAlone();
        stopping.signal.addEventListener('abort', () => void alone[Symbol.asyncDispose](), { once: true });
        await buildContentIndex(alone, logger);
        failing = false;
      } catch (error) {
        if (!failing && !stopping.signal.aborted) logger.warn({ err: error }, 'the index of the events cannot be built at the moment');
        failing = true;
      }
    }
  };
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

const retryDelayMs = 5000;
