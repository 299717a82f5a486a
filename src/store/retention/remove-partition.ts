import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { Instant } from '../../event/instant.ts';
import type { Database } from '../database/database.ts';
import { pruneResources } from './prune-resources.ts';
import { createLogStartReader } from './log-start.ts';
import { toTimestamp } from '../database/timestamps.ts';

/**
 * Removes a closed partition, the first one of the log, whole: its events, and everything that was made of them.
 *
 * Assumes: partitions as `partitions` promises them. Promises: events go away together, for every statement of every
 * process at once, and at once with the record of how far that has come (`removed`). What is left of them after that, ids
 * and digests, can be seen by nobody and is cleared away in small steps. Each step is one transaction, takes up what it
 * finds, and may be repeated: a process that is killed at any moment leaves nothing wrong, and another one goes on.
 *
 * What others see meanwhile:
 * - A statement that reads events sees all of the partition or nothing, since its events leave under a lock that waits for
 *   statements under way. Whoever comes while it waits waits too, for `wait` milliseconds at most; then it gives up, to
 *   be tried again. A transaction that stays open, such as a dump, puts it off until it ends.
 * - A page or a step of a stream takes several statements, between which events may go. It gets what was still there, and
 *   asks the record afterwards whether it may have missed something (`removed`).
 * - A writer holds removal off until its batch is stored. So an event that it finds under its id stays while it compares,
 *   and an id that belongs to a removed event is free, whether or not it has been cleared away (tidings.free_ids).
 * - Whoever makes digests may have read events that go. Such a chapter is not stored (`digests`).
 * - The head does not go back: where no event is left, it is the last one removed.
 *
 * Does not promise: that a partition goes at a certain time, nor that nobody has its events in memory: the tail of each
 * process does, until it next looks after the partitions, and a stream that reads from there gets them until then.
 */
export async function removePartition(database: Database, first: Position, { at, lockTimeoutMs }: RemovePartitionOptions): Promise<void> {
  await database.rows(sql`select tidings.remove_partition(${first}, ${toTimestamp(at)}, ${lockTimeoutMs})`);
}

export interface RemovePartitionOptions {
  readonly at: Instant;
  /** Milliseconds to wait for statements under way. */
  readonly lockTimeoutMs: number;
}

/**
 * One step of clearing away what is left of the removed partition at `place`; answers whether there may be more to do.
 * Digests first, since reads look into them; then the resources that no event mentions any more.
 */
export async function pruneRemovedPartition(database: Database, first: Position): Promise<boolean> {
  if ((await deleteBlockSummaries(database)) || (await pruneResources(database, await createLogStartReader(database)()))) return true;
  const [row] = await database.rows<{ more: boolean }>(sql`
    select tidings.free_ids_of_partition(${first}, ${maxIdsPerStep}, ${backgroundLockTimeoutMs}) as more`);
  if (row?.more === true) return true;
  await database.rows(sql`select tidings.drop_partition(${first}, ${backgroundLockTimeoutMs})`);
  // PGlite has nobody who makes the room of deleted rows free again.
  if (database.kind === 'embedded') {
    for (const table of ['event_ids', 'digests', 'digest_chapters', 'chapter_columns', 'resources'])
      await database.rows(sql.raw(`vacuum tidings.${table}`));
  }
  return false;
}

/** Deletes some digests and chapters in which no event is kept, by their primary keys; those across the edge stay. */
async function deleteBlockSummaries(database: Database): Promise<boolean> {
  const rows = await database.rows(sql`
    with digests as (
      delete from tidings.digests where (last, part) in (
        select last, part from tidings.digests
        where last <= (select log_start from tidings.retention)
        order by last, part
        limit ${maxSummariesPerStep}
      )
      returning 1
    ), chapters as (
      delete from tidings.digest_chapters where last in (
        select last from tidings.digest_chapters
        where last <= (select log_start from tidings.retention)
        order by last
        limit ${maxSummariesPerStep}
      )
      returning last
    ), columns as (
      delete from tidings.chapter_columns where chapter in (select last from chapters)
    )
    select from digests union all select from chapters`);
  return rows.length > 0;
}

const maxIdsPerStep = 2000;
const maxSummariesPerStep = 500;
/** For locks that keep nobody waiting. */
const backgroundLockTimeoutMs = 5000;
