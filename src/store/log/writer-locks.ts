import { sql } from 'drizzle-orm';
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
  return database.rows<WriterLock>(sql`
    select l.pid, a.usename as "user", a.application_name as application, a.xact_start as since
    from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
      and l.classid::bigint >> 16 = ${writerLockClass}
      and ((l.classid::bigint << 32) | l.objid::bigint) & ((1::bigint << 48) - 1) <= ${position}
      and l.database = (select oid from pg_database where datname = current_database())
    order by a.xact_start`);
}

/** The top 16 bits of the keys of tidings.writer_lock. */
const writerLockClass = 29_801;
