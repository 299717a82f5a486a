import type { Logger } from 'pino';
import { retry } from '../concurrency/retry.ts';
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
  const { signal } = stopping;
  const build = async (): Promise<void> => {
    for (; !signal.aborted && !(await isContentIndexComplete(database)); await sleep(retryDelayMs, signal)) {
      await buildUntilAborted(connectAlone(), { logger, signal });
    }
  };
  const running = retry(build, {
    backoff: { initialDelayMs: retryDelayMs, maxDelayMs: retryDelayMs },
    signal,
    onFirstFailure: (error) => logger.warn({ err: error }, 'the index of the events cannot be built at the moment'),
  });
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

/** Ends the statement, which can take minutes, with its connection. */
async function buildUntilAborted(
  alone: Database,
  { logger, signal }: { readonly logger: Pick<Logger, 'warn'>; readonly signal: AbortSignal },
): Promise<void> {
  const onAbort = (): void => void alone[Symbol.asyncDispose]();
  signal.addEventListener('abort', onAbort);
  try {
    await buildContentIndex(alone, logger);
  } finally {
    signal.removeEventListener('abort', onAbort);
    await alone[Symbol.asyncDispose]();
  }
}

const retryDelayMs = 5000;
