import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import type { Database } from './database/database.ts';
import { sqlState } from './database/database-errors.ts';

export interface SessionLock {
  readonly key: string;
  /** What a process waits for, such as "for another process that is starting". */
  readonly purpose: string;
  readonly logAfterMs?: number;
}

/**
 * Takes an advisory lock of the session, and reports a wait in the log every `logAfterMs`, with the
 * session that holds the lock: a start that hangs without a word cannot be diagnosed. `database`
 * must have a single connection.
 *
 * Guarantees: waits in the queue of the lock, so that later sessions which only try to share it fail
 * meanwhile, and cannot keep this one waiting for ever.
 */
export async function lockSession(
  database: Database,
  { key, purpose, logAfterMs = defaultLogAfterMs }: SessionLock,
  logger: Pick<Logger, 'warn'>,
): Promise<AsyncDisposable> {
  const startedAt = performance.now();
  await database.rows(sql`select set_config('lock_timeout', ${String(logAfterMs)}, false)`);
  while (!(await tryLock(database, key))) {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    logger.warn(`this process has waited ${purpose} for ${seconds} s. ${await describeHolders(database, key)}`);
  }
  await database.rows(sql`reset lock_timeout`);
  return {
    async [Symbol.asyncDispose]() {
      // The lock ends with its connection, too.
      await database.rows(sql`select pg_advisory_unlock(${key}::bigint)`).catch(() => undefined);
    },
  };
}

/** Waits until the lock timeout; returns whether the session has the lock. */
async function tryLock(database: Database, key: string): Promise<boolean> {
  try {
    await database.rows(sql`select pg_advisory_lock(${key}::bigint)`);
    return true;
  } catch (error) {
    if (sqlState(error) === lockNotAvailable) return false;
    throw error;
  }
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

const lockNotAvailable = '55P03';
const defaultLogAfterMs = 5000;
