import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { Instant } from '../../event/instant.ts';
import type { Database } from '../database/database.ts';
import { fromTimestamp, toTimestamp } from '../database/timestamps.ts';

/**
 * The partitions of the log: stretches of places, one after the other without a hole between them, of which each holds
 * what came during some time, so that retention can take it away as a whole.
 *
 *   made ahead --the sequence comes to it: opened--> open --it has left, all decided: closed--> closed --removal--> gone
 *
 * Assumes: the log's order (`log-order`). Promises: there is a partition for every place that is given out, as long as
 * somebody makes them ahead in time; every event in a closed one was received before it was closed, whatever it says of
 * when it occurred, and none will come to it any more. Does not promise that a partition holds no more than a certain
 * time: it is left when somebody looks, or when its places are used up.
 *
 * Why none comes to a closed one: its end is at or before the last place given out, so writers get places beyond. One that
 * got a place before that locked it first (`log-order`), and closing looks for such locks after it has seen the sequence
 * beyond; whoever locks later takes places later, all of them beyond.
 *
 * Why a partition can be left early: the sequence is moved on while nobody can take places from it. The places between
 * are never given out. Not all tables tell so, hence `last`.
 */
export interface Partition {
  readonly first: Position;
  /** The place behind its last one. */
  readonly endPosition: Position;
  /** The last place given out in it, or one after that; null: more may be. */
  readonly last: Position | null;
  readonly opened: Instant | null;
  readonly closed: Instant | null;
  readonly removed: Instant | null;
}

export type Clock = () => Promise<Instant>;

/** The clock of the database server, by which events are received. */
export function databaseClock(database: Database): Clock {
  return async () => {
    const [row] = await database.rows<{ now: string }>(sql`select clock_timestamp() as now`);
    if (row === undefined) throw new Error('no time');
    return fromTimestamp(row.now);
  };
}

/** Notes which partitions were opened and closed since the last time; answers with all of them, in order. */
export async function readPartitions(database: Database, clock: Clock): Promise<readonly Partition[]> {
  const [sequence] = await database.rows<{ allocated: string }>(sql`select last_value as allocated from tidings.event_position`);
  const allocated = Number(sequence?.allocated);
  // Only now, so that everything up to `allocated` was received before.
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

/** Makes a partition of `room` places behind the last one, which ends before `place`. */
export async function addPartition(database: Database, first: Position, capacity: number): Promise<void> {
  await database.rows(sql`select tidings.add_partition(${first}, ${capacity}, ${backgroundLockTimeoutMs})`);
}

/**
 * Leaves the partition that begins at `place` for the next one, if it is the open one and has events. Writers wait for at
 * most `wait` milliseconds. Throws the database's lock_not_available when that was not enough.
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

/** For locks that keep nobody waiting. */
const backgroundLockTimeoutMs = 5000;
