import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import { sleep } from '../concurrency/sleep.ts';
import type { Database } from './database/database.ts';

export interface SessionLock {
  readonly key: string;
  /** What a process waits for, such as "for another process that is starting". */
  readonly purpose: string;
  readonly logAfterMs?: number;
}

/**
 * Takes an advisory lock of the session, and reports a wait in the log: at `logAfterMs`, and then at
 * that interval, with the session that holds the lock. `database` must have a single connection.
 *
 * Why not pg_advisory_lock? A start that hangs without a word cannot be diagnosed.
 */
export async function lockSession(
  database: Database,
  { key, purpose, logAfterMs = defaultLogAfterMs }: SessionLock,
  logger: Pick<Logger, 'warn'>,
): Promise<AsyncDisposable> {
  const startedAt = performance.now();
  for (let reports = 0; ;) {
    const [row] = await database.rows<{ locked: boolean }>(sql`select pg_try_advisory_lock(${key}::bigint) as locked`);
    if (row?.locked === true) break;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > (reports + 1) * logAfterMs) {
      reports += 1;
      logger.warn(`this process has waited ${purpose} for ${Math.round(waitedMs / 1000)} s. ${await describeHolders(database, key)}`);
    }
    await sleep(pollIntervalMs);
  }
  return {
    async [Symbol.asyncDispose]() {
      await database.rows(sql`select pg_advisory_unlock(${key}::bigint)`);
    },
  };
}

/** Says which sessions hold the lock, as far as this user may see them. */
async function describeHolders(database: Database, key: string): Promise<string> {
  const holders = await database.rows<{ holder: string }>(sql`
    select format('%s (application "%s", user "%s", address %s, state "%s" since %s)', a.pid, a.application_name, a.usename,
      coalesce(host(a.client_addr), 'local'), coalesce(a.state, 'unknown'), coalesce(a.state_change::text, 'unknown')) as holder
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
      and l.database = (select oid from pg_database where datname = current_database())
      and ((l.classid::bigint << 32) | l.objid::bigint) = ${key}::bigint`);
  return holders.length === 0
    ? 'No session holds the lock now.'
    : `Held by process ${holders.map(({ holder }) => holder).join(', ')}. If it is not a starting Tidings, end it with pg_terminate_backend.`;
}

const pollIntervalMs = 50;
const defaultLogAfterMs = 5000;
