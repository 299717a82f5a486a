import type { Logger } from 'pino';
import { sleep } from '../../concurrency/sleep.ts';
import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { readHead, readLastPosition } from './log-head.ts';
import { readWriterLocks } from './writer-locks.ts';

/**
 * Reads the first head of a process, which knows no earlier one.
 *
 * Guarantees: the head is at or after every event that was visible before the call. So a process that
 * starts while another program holds the lock of a writer does not take the log for a shorter one,
 * and CURSOR_EXPIRED is true. Waits for writers, which end within the statement timeout. Logs a wait
 * every `logAfterMs`, and throws CANNOT_START after `maxWaitMs`; both name the sessions.
 */
export async function readOpeningHead(
  database: Database,
  logger: Pick<Logger, 'warn'>,
  { logAfterMs = 5000, maxWaitMs = defaultMaxWaitMs }: { readonly logAfterMs?: number; readonly maxWaitMs?: number } = {},
): Promise<Position> {
  const last = await readLastPosition(database);
  const startedAt = performance.now();
  for (let nextLogMs = logAfterMs; ;) {
    const head = await readHead(database);
    if (head >= last) return head;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > maxWaitMs) throw new TidingsError('CANNOT_START', await describeWait(database, head, waitedMs));
    if (waitedMs > nextLogMs) {
      nextLogMs += logAfterMs;
      logger.warn(await describeWait(database, head, waitedMs));
    }
    await sleep(pollIntervalMs);
  }
}

async function describeWait(database: Database, head: Position, waitedMs: number): Promise<string> {
  const locks = await readWriterLocks(database, head);
  const holders = locks.map(({ pid, user, application }) => `${pid} (application "${application}", user "${user}")`).join(', ');
  return (
    `DATABASE_URL: this process has waited for the end of the log for ${Math.round(waitedMs / 1000)} s, which advisory locks of writers hide. ` +
    `Held by process ${holders === '' ? 'unknown' : holders}. If it is not Tidings, end it with pg_terminate_backend: the database belongs to Tidings alone.`
  );
}

const pollIntervalMs = 50;
/** Longer than the default statement timeout, which ends a slow writer. */
const defaultMaxWaitMs = 60_000;
