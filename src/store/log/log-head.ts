import { sql } from 'drizzle-orm';
import { backoffDelayMs } from '../../concurrency/retry.ts';
import { coalescedRead } from '../../concurrency/coalesce.ts';
import { deferred } from '../../concurrency/deferred.ts';
import { sleep } from '../../concurrency/sleep.ts';
import { TidingsError } from '../../errors.ts';
import { origin, type Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { readExclusiveLocks, readWriterLocks, type WriterLock } from './writer-locks.ts';

/**
 * Reads the head of the log for concurrent callers.
 *
 * Guarantees: each result comes from a read that began after the call, so it includes everything
 * acknowledged before. Callers that arrive during a read share the next one. No result is before an
 * earlier one of this reader.
 * Does not guarantee: the same result for two callers.
 *
 * Why results do not decrease: the log up to a head is final, so a head that was read stays valid.
 * A later read can be lower only while another program holds the lock of a writer.
 */
export interface HeadReader {
  head(): Promise<Position>;
  /**
   * Reads the head for reads at that head, whose first statement is sent together with its own and executed after it.
   * So the statement sees every event up to the head.
   */
  readWith<T>(database: Database, read: (reading: HeadReading) => Promise<T>): Promise<T>;
  /** The latest result, or head from an append; the log may have grown since. */
  known(): Position;
  /**
   * Waits for a head at or after the position of a committed event. `known`: a head at or after it
   * from its append, which saves reading one. Throws UNAVAILABLE when that takes too long.
   */
  headFrom(position: Position, known?: Position | null): Promise<Position>;
  /**
   * Throws UNAVAILABLE if the head cannot be read, if it has not advanced since `headFrom` threw, or
   * if a lock of another session keeps writers from storing events.
   */
  checkProgress(): Promise<void>;
}

/** Reads that have begun before their head is known. */
export interface HeadReading {
  /** The database of the reads. */
  readonly database: Database;
  /** As of `HeadReader.head`; pending until `database` has executed its first statement, or `read` has ended. */
  readonly head: Promise<Position>;
  /** A head that was read before. */
  readonly known: Position;
  /** A position that the head is probably not beyond. */
  readonly expected: Position;
}

export interface HeadReaderOptions {
  readonly maxWaitMs?: number;
  /** A head that was read before (opening-head.ts): no result is before it. */
  readonly from?: Position;
  /**
   * Called when `headFrom` has waited too long, or `checkProgress` finds locks that
   * keep writers from storing; once until the log advances.
   */
  readonly onStuck?: (locks: readonly WriterLock[]) => void;
  /**
   * Called once when events up to an earlier head are missing: the server continues from a copy, or
   * has lost commits. From then on every call throws UNAVAILABLE.
   */
  readonly onLost?: () => void;
}

export function createHeadReader(
  database: Database,
  { maxWaitMs = defaultMaxWaitMs, from = origin, onStuck = () => undefined, onLost = () => undefined }: HeadReaderOptions = {},
): HeadReader {
  let highest = from;
  let isLost = false;
  /** The head that did not advance in time; null: it has advanced. */
  let stuckAt: Position | null = null;
  let isReported = false;
  const report = (locks: readonly WriterLock[]): void => {
    if (!isReported) onStuck(locks);
    isReported = true;
  };
  const accept = (found: Position): Position => {
    if (isLost) throw lostEndError();
    highest = Math.max(highest, found) as Position;
    if (stuckAt !== null && highest > stuckAt) {
      stuckAt = null;
      isReported = false;
    }
    return highest;
  };
  /** `before`: the highest head before it was read. Appends accept others meanwhile, which prove no loss. */
  const check = async (found: Position, before: Position): Promise<Position> => {
    if (!isLost && found < before && (await readLastPosition(database)) < before) {
      isLost = true;
      onLost();
    }
    return accept(found);
  };
  const head = coalescedRead(async () => {
    const before = highest;
    return check(await readHead(database), before);
  });
  return {
    head,
    async readWith(reads, read) {
      const before = highest;
      const { promise, resolve, reject } = deferred<Position>();
      let isSent = false;
      const onRows = (rows: readonly HeadRow[]): void => {
        const found = headOf(rows);
        // Not a later head of an append: the statement may not see its event.
        check(found, before).then(() => resolve(Math.max(found, before) as Position), reject);
      };
      const first: Database = {
        ...reads,
        rows<Row>(...statement: Parameters<Database['rows']>) {
          if (isSent) return reads.rows<Row>(...statement);
          isSent = true;
          const rows = reads.rowsAfter<HeadRow, Row>({ statement: headStatement, onRows }, ...statement);
          rows.catch(reject);
          return rows;
        },
      };
      try {
        return await read({ database: first, head: promise, known: before, expected: (before + maxExpectedGrowth) as Position });
      } finally {
        if (!isSent) head().then(resolve, reject);
      }
    },
    known: () => highest,
    async headFrom(position, known = null) {
      // One before an earlier head may be of a log that has lost its end.
      if (known !== null && known >= position && known >= highest) return accept(known);
      // The head waits only for writers that allocated positions before this event's writer did.
      const deadline = performance.now() + maxWaitMs;
      for (let reads = 0; ; reads += 1) {
        const found = await head();
        if (found >= position) return found;
        if (performance.now() > deadline) {
          if (!isReported) report(await readWriterLocks(database, found));
          stuckAt = found;
          throw stuckWriterError(maxWaitMs);
        }
        await sleep(backoffDelayMs(backoff, reads));
      }
    },
    async checkProgress() {
      await head();
      if (stuckAt !== null) {
        throw new TidingsError('UNAVAILABLE', 'The log does not advance: an earlier transaction holds the advisory lock of a writer.');
      }
      const locks = await readExclusiveLocks(database);
      if (locks.length > 0) {
        report(locks);
        throw new TidingsError('UNAVAILABLE', 'Another session holds an advisory lock that keeps writers from storing events.');
      }
      isReported = false;
    },
  };
}

/**
 * The position of the last visible event, whatever locks are held. It decreases only if retention
 * has removed the event, and then it is the log start.
 */
export async function readLastPosition(database: Database): Promise<Position> {
  const [row] = await database.rows<{ last: string }>(sql`
    select greatest((select max(position) from tidings.events), (select log_start from tidings.retention)) as last`);
  return Number(row?.last ?? origin) as Position;
}

function lostEndError(): TidingsError {
  return new TidingsError('UNAVAILABLE', 'The database has lost the end of the log. Repeating the request is safe.', {
    retryAfterMs: 1000,
  });
}

function stuckWriterError(waitedMs: number): TidingsError {
  return new TidingsError(
    'UNAVAILABLE',
    `The event was stored, but an earlier transaction has delayed reads for ${waitedMs / 1000} s. Repeating the request is safe.`,
  );
}

/**
 * The order of the log, and the position up to which it can be read.
 *
 * Assumes: one Postgres primary. Every event is written by tidings.append_events, which first takes
 * a shared advisory lock that all writers share; then reads `low`, the last position allocated by
 * the sequence; then takes a shared advisory lock named after `low`; and only then allocates
 * positions for its events. Locks end with their transaction, after its events became visible.
 *
 * Guarantees: `readHead` returns a position up to which the log is final. Every event at or before
 * it that will ever exist is committed, and visible to every statement that begins later, in any
 * process. A read that begins after another has ended, in any process, does not return less.
 * Writers do not wait for each other. Transactions of other programs, long ones too, in
 * this database or another, delay neither writers nor the head.
 *
 * Does not guarantee: to work on a standby (locks are not replicated), or with a sequence cache
 * above 1. To advance, or not to decrease, while another program holds the locks of a writer: the
 * database belongs to Tidings alone.
 *
 * Why no event can be skipped: `readHead` (tidings.log_head) reads in this order, each with a
 * snapshot of its own:
 *   1. `allocated`, the last allocated position;
 *   2. `undecided`, the least `low` among the locks that writers hold now: sessions that have the
 *      lock that all writers share; none if the reader gets that lock exclusively, which it tries
 *      first and releases at once, since a copy of all locks takes longer;
 *   3. the last visible event at or before the smaller of the two.
 * A writer that got a position p <= allocated held its lock before (1), since it locks before it
 * allocates. If it still holds the lock at (2), then undecided <= low < p, so p lies beyond the
 * head. Otherwise its transaction has ended, and its event was visible, or rolled back for good,
 * before the snapshot of (3) was taken.
 *
 * Why the head does not decrease: at (2), a reader waits for every writer that has the shared lock
 * and not yet its own. So each writer of that moment has its lock, which counts. Every later writer
 * reads the sequence later, so its `low` is at or after `allocated`.
 *
 * Why an append may know a head without reading it (`decided` of tidings.append_events): after its
 * events have their positions, it tries to get the lock that all writers share exclusively, and
 * releases it at once (tidings.is_only_writer). If it gets the lock, no other writer is undecided at
 * that moment: those before have ended, and are visible; those after allocate beyond its last event
 * p. So the log is final up to p when the append has committed, and p is a head as if it were read
 * then. Everything acknowledged before the append began lies before p, whose position was allocated
 * later. If it does not get the lock, the head is read as above.
 *
 * Neither try waits for a lock. Another writer that starts just then waits for microseconds.
 *
 * The head is the position of an event, not of the sequence: after a crash, positions allocated by
 * transactions that were never flushed may be allocated again, and no cursor may be beyond them. In
 * a log without events, because retention has removed them all, the head is the last removed
 * position.
 */
export async function readHead(database: Database): Promise<Position> {
  return headOf(await database.rows<HeadRow>(headStatement, 'prepared'));
}

interface HeadRow {
  readonly head: string;
}

const headStatement = sql`select tidings.log_head() as head`;

function headOf(rows: readonly HeadRow[]): Position {
  return Number(rows[0]?.head ?? origin) as Position;
}

const backoff = { initialDelayMs: 1, maxDelayMs: 20 } as const;
/** Events that other processes may have stored since the head was read last; far fewer than a page reads unindexed. */
const maxExpectedGrowth = 8192;
/** A writer that is undecided for longer than this is stuck, or its server is. */
const defaultMaxWaitMs = 15_000;
