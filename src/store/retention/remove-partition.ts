import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { Instant } from '../../event/instant.ts';
import type { Database } from '../database/database.ts';
import { toTimestamp } from '../database/timestamps.ts';
import { readLogStart } from '../log/log-start.ts';
import { pruneResources } from './prune-resources.ts';

/**
 * Removes the first partition of the log, which must be closed, as a whole: its events and
 * everything derived from them.
 *
 * Assumes: partitions as ./partitions.ts guarantees them.
 *
 * Guarantees: all its events vanish at once, for every statement of every process, together with
 * the advance of the log start. What remains after that, ids and block summaries, is visible to no
 * reader and is deleted in small steps. Each step is one transaction, checks what is left to do,
 * and may be repeated. So a process that is killed at any moment leaves a valid state, and another
 * process continues.
 *
 * Does not guarantee: the time of the removal; nor that no process has its events in memory. The
 * tail of each process keeps them until its next retention check, and a stream that reads from
 * there delivers them until then.
 *
 * Concurrent access:
 * - A statement that reads events sees all of the partition or nothing: the removal takes a lock
 *   that waits for running statements. New statements wait behind it, for at most `lockTimeoutMs`;
 *   then the removal fails and is retried. A transaction that stays open, such as a dump, delays it
 *   until it ends.
 * - A page or a step of a stream takes several statements, between which events may vanish. It gets
 *   the remaining events, and afterwards checks the log start (../log/log-start.ts) for a gap.
 * - A writer blocks removal until its batch is stored. So an event stored under the same id stays
 *   while the writer compares it. The id of a removed event is free, whether or not it was deleted
 *   yet (tidings.free_ids).
 * - An indexer may have read events that are removed meanwhile. Such a row group is not stored
 *   (../skip-index/row-groups.ts).
 * - The head does not decrease: in a log without events it is the last removed position.
 */
export async function removePartition(database: Database, first: Position, { at, lockTimeoutMs }: RemovePartitionOptions): Promise<void> {
  await database.rows(sql`select tidings.remove_partition(${first}, ${toTimestamp(at)}, ${lockTimeoutMs})`);
}

export interface RemovePartitionOptions {
  readonly at: Instant;
  /** The maximum wait for running statements. */
  readonly lockTimeoutMs: number;
}

/**
 * One step of deleting the remains of the removed partition at `first`; returns whether there may
 * be more to do. Deletes block summaries first, since queries read them; then resources that no
 * event mentions; then ids.
 */
export async function pruneRemovedPartition(database: Database, first: Position): Promise<boolean> {
  if ((await deleteBlockSummaries(database)) || (await pruneResources(database, await readLogStart(database)))) return true;
  const [row] = await database.rows<{ more: boolean }>(sql`
    select tidings.free_ids_of_partition(${first}, ${maxIdsPerStep}, ${backgroundLockTimeoutMs}) as more`);
  if (row?.more === true) return true;
  await database.rows(sql`select tidings.drop_partition(${first}, ${backgroundLockTimeoutMs})`);
  // PGlite has no autovacuum.
  if (database.kind === 'embedded') {
    for (const table of ['event_ids', 'digests', 'digest_chapters', 'chapter_columns', 'resources'])
      await database.rows(sql.raw(`vacuum tidings.${table}`));
  }
  return false;
}

/**
 * Deletes some block summaries and row groups without a kept event, by primary key. One that has a
 * kept event stays.
 */
async function deleteBlockSummaries(database: Database): Promise<boolean> {
  const rows = await database.rows(sql`
    with summaries as (
      delete from tidings.digests where (last, part) in (
        select last, part from tidings.digests
        where last <= (select log_start from tidings.retention)
        order by last, part
        limit ${maxSummariesPerStep}
      )
      returning 1
    ), groups as (
      delete from tidings.digest_chapters where last in (
        select last from tidings.digest_chapters
        where last <= (select log_start from tidings.retention)
        order by last
        limit ${maxSummariesPerStep}
      )
      returning last
    ), chunks as (
      delete from tidings.chapter_columns where chapter in (select last from groups)
    )
    select from summaries union all select from groups`);
  return rows.length > 0;
}

const maxIdsPerStep = 2000;
const maxSummariesPerStep = 500;
/** For locks that block no reader or writer. */
const backgroundLockTimeoutMs = 5000;
