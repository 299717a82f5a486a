import { sql, type SQL } from 'drizzle-orm';
import { sleep } from '../../concurrency/sleep.ts';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';

/** A session that holds the lock of a writer. */
export interface WriterLock {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  /** When its transaction began. */
  readonly since: string | null;
}

/** The sessions whose locks keep the head at or before a position. */
export async function readWriterLocks(database: Database, position: Position): Promise<readonly WriterLock[]> {
  return readLocks(database, sql`${isWriterLock} and ${lockKey} & ((1::bigint << 48) - 1) <= ${position}`);
}

/**
 * The sessions that keep writers from storing: writers share their locks, so an exclusive one is
 * that of another program, or of a process that migrates the database. Appends and readers of the head
 * get the lock of all writers exclusively for microseconds (tidings.is_only_writer), so only sessions are
 * returned that have a lock each time of several.
 */
export async function readExclusiveLocks(database: Database): Promise<readonly WriterLock[]> {
  let found = await readExclusiveLocksNow(database);
  for (let again = 0; again < 2 && found.length > 0; again += 1) {
    await sleep(pauseMs);
    const pids = new Set(found.map(({ pid }) => pid));
    found = (await readExclusiveLocksNow(database)).filter(({ pid }) => pids.has(pid));
  }
  return found;
}

function readExclusiveLocksNow(database: Database): Promise<readonly WriterLock[]> {
  return readLocks(
    database,
    sql`l.mode = 'ExclusiveLock' and not l.is_shared and (${isWriterLock} or ${lockKey} = ${writersLockKey}::bigint)`,
  );
}

async function readLocks(database: Database, condition: SQL): Promise<readonly WriterLock[]> {
  return database.rows<WriterLock>(sql`
    select l.pid, a.usename as "user", a.application_name as application, a.xact_start as since
    from (
      select *, bool_or(mode = 'ShareLock') over (partition by pid, classid, objid, objsubid, database) as is_shared
      from pg_locks
    ) l
    left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
      and ${condition}
      and l.database = (select oid from pg_database where datname = current_database())
    order by a.xact_start`);
}

/** "migrate" in ASCII; tidings.check_writer takes it in shared mode. */
export const writersLockKey = String(0x6d696772617465n);

const lockKey = sql`((l.classid::bigint << 32) | l.objid::bigint)`;
/** By the top 16 bits of the keys of tidings.writer_lock. */
const isWriterLock = sql`l.classid::bigint >> 16 = 29801`;
const pauseMs = 20;
