import type { Logger } from 'pino';
import { sleep } from '../concurrency/sleep.ts';
import type { Database } from '../store/database/database.ts';
import { buildContentIndex, isContentIndexComplete } from '../store/skip-index/content-index.ts';

/**
 * Builds the index of the events for the partitions of an earlier version: in the background, while
 * events are written and read. Any process may do it; the others wait. Repeats what fails. The embedded
 * database has a single connection, so there it is built before this resolves.
 *
 * @param connectAlone Opens a database with a single connection and without a statement timeout; null:
 *   the database has no other connection.
 */
export async function startContentIndexBuilder(
  { database, logger }: { readonly database: Database; readonly logger: Pick<Logger, 'warn'> },
  connectAlone: (() => Database) | null,
): Promise<AsyncDisposable> {
  if (connectAlone === null) {
    await buildContentIndex(database, logger);
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    for (let failing = false; !stopping.signal.aborted; await sleep(retryDelayMs, stopping.signal)) {
      try {
        if (await isContentIndexComplete(database)) return;
        await using alone = connectAlone();
        const stop = (): void => void alone[Symbol.asyncDispose]();
        stopping.signal.addEventListener('abort', stop, { once: true });
        await buildContentIndex(alone, logger);
        stopping.signal.removeEventListener('abort', stop);
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
