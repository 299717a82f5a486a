import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { Instant } from '../../event/instant.ts';
import type { Clock } from '../database/clock.ts';
import type { Database } from '../database/database.ts';
import { fromTimestamp, toTimestamp } from '../database/timestamps.ts';

/**
 * A partition of the log: a range of positions. Partitions follow each other without gaps. Each
 * holds the events received in some span of time, so that retention can remove it as a whole.
 *
 *                 sequence enters        sequence left, all decided          retention
 *   created ahead ----------------> open ----------------------------> closed ----------> removed
 *
 * Assumes: the order of the log (../log/log-head.ts).
 *
 * Guarantees: every allocated position has a partition, as long as some process creates them ahead
 * in time. Every event in a closed partition was received before it was closed, whenever it
 * occurred; a closed partition gets no more events.
 *
 * Does not guarantee: a limit to the span of time of a partition. The next one begins when a
 * process checks, or when the positions are used up.
 *
 * Why a closed partition gets no more events: its end is at or before the last allocated position,
 * so writers get later positions. A writer that got one of its positions has taken a lock before.
 * Closing checks for such locks after it has seen the sequence beyond the end. A writer that locks
 * later allocates later, beyond the end.
 *
 * Why the next partition can begin early: the sequence is advanced while no writer can allocate
 * from it. The skipped positions are never allocated. Only `last` shows how many those are.
 */
export interface Partition {
  readonly first: Position;
  /** The position after its last one. */
  readonly endPosition: Position;
  /** The last allocated position in it, or a later one; null: more may be allocated. */
  readonly last: Position | null;
  readonly opened: Instant | null;
  readonly closed: Instant | null;
  readonly removed: Instant | null;
}

/**
 * Records which partitions were opened and closed since the last call; returns all partitions, in
 * order.
 */
export async function readPartitions(database: Database, clock: Clock): Promise<readonly Partition[]> {
  const [sequence] = await database.rows<{ allocated: string }>(sql`select last_value as allocated from tidings.event_position`);
  const allocated = Number(sequence?.allocated);
  // Read after `allocated`, so that every event up to there was received before `now`.
  const now = toTimestamp(await clock());
  await database.rows(sql`
    update tidings.partitions p
    set
      opened = coalesce(opened, ${now}::timestamptz),
      last = case when end_position <= ${allocated}::bigint + 1 then coalesce(last, end_position - 1) end,
      closed = case when end_position <= ${allocated}::bigint + 1 and coalesce(u.undecided, ${allocated}) >= end_position - 1 then ${now}::timestamptz end
    from (select tidings.undecided_after() as undecided) u
    where closed is null and first <= ${allocated}::bigint + 1
      and (opened is null or end_position <= ${allocated}::bigint + 1)`);
  const rows = await database.rows<PartitionRow>(sql`
    select first, end_position, last, opened, closed, removed from tidings.partitions order by first`);
  return rows.map((row) => ({
    first: Number(row.first) as Position,
    endPosition: Number(row.end_position) as Position,
    last: row.last === null ? null : (Number(row.last) as Position),
    opened: instantOf(row.opened),
    closed: instantOf(row.closed),
    removed: instantOf(row.removed),
  }));
}

/**
 * Adds a partition of `capacity` positions that starts at `first`, where the last partition ends.
 */
export async function addPartition(database: Database, first: Position, capacity: number): Promise<void> {
  await database.rows(sql`select tidings.add_partition(${first}, ${capacity}, ${backgroundLockTimeoutMs})`);
}

/**
 * Ends the partition that starts at `first` and begins the next one, if it is the open one and has
 * events. Writers wait for at most `lockTimeoutMs`. Throws the database's lock_not_available if
 * that was too short.
 */
export async function beginNextPartition(database: Database, first: Position, lockTimeoutMs: number): Promise<void> {
  await database.rows(sql`select tidings.begin_next_partition(${first}, ${lockTimeoutMs})`);
}

interface PartitionRow {
  readonly first: string;
  readonly end_position: string;
  readonly last: string | null;
  readonly opened: string | null;
  readonly closed: string | null;
  readonly removed: string | null;
}

function instantOf(text: string | null): Instant | null {
  return text === null ? null : fromTimestamp(text);
}

/** For locks that block no reader or writer. */
const backgroundLockTimeoutMs = 5000;
