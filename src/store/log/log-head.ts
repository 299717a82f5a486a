import { TidingsError } from '../../errors.ts';
import { type Position, origin } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { coalescedRead } from '../../concurrency/coalesce.ts';
import { sql } from 'drizzle-orm';

/**
 * Reads the log's head for many callers at once. Assumes nothing about who calls. Promises that every answer comes
 * from a read that began after the call, so that it includes whatever was acknowledged before; callers that come
 * while a read is under way share the next one. Does not promise that two callers get the same answer.
 */
export interface HeadReader {
  head(): Promise<Position>;
  /** Resolves with a head at or after `position`, that of a committed event; UNAVAILABLE when that takes too long. */
  headFrom(position: Position): Promise<Position>;
}

export function createHeadReader(database: Database): HeadReader {
  const head = coalescedRead(() => readHead(database));
  return {
    head,
    async headFrom(position) {
      // A committed event waits only for writers that took places before it did.
      const deadline = performance.now() + maxWaitMs;
      for (let delayMs = initialDelayMs; ; delayMs = Math.min(delayMs * 2, maxDelayMs)) {
        const found = await head();
        if (found >= position) return found;
        if (performance.now() > deadline) throw stuckWriterError();
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    },
  };
}

function stuckWriterError(): TidingsError {
  return new TidingsError(
    'UNAVAILABLE',
    'The event was stored, but cannot be read yet: another writer is stuck. Repeating the request is safe.',
  );
}

const initialDelayMs = 1;
const maxDelayMs = 20;
/** A writer that is undecided for longer than this is stuck, or its server is. */
const maxWaitMs = 15_000;

/**
 * The order of the log, and how far it can be read.
 *
 * Assumes: one Postgres primary; every event is written by tidings.append_events, which first reads the last place
 * that the sequence gave out, `low`, then takes a shared advisory lock named after `low`, and only then takes places
 * for its events. Locks end with their transaction, after its events became visible.
 *
 * Promises: `readHead` gives a position such that every event at or before it that will ever exist is committed and
 * visible to every statement that begins later, in any process. Heads never go backwards. Writers do not wait for
 * each other, and transactions that are not ours (long ones, in this database or another) delay nobody.
 *
 * Why nothing can be skipped: `readHead` (tidings.log_head) reads in this order, each with a snapshot of its own:
 *   1. `allocated`, the last place given out;
 *   2. `undecided`, the least `low` among the locks held now;
 *   3. the last visible event at or before the smaller of the two.
 * A writer that got a place p <= allocated held its lock before (1), since it locks before it takes places. At (2)
 * it either still holds it, and then undecided <= low < p, so that p lies beyond the head; or its transaction has
 * ended, and then its event was visible, or gone for good, before the snapshot of (3) was taken.
 *
 * The head is the place of an event (where retention has left none, of the last one that it removed), not of the sequence: places given out by transactions that were never flushed
 * may be given out again after a crash, and a cursor must not have passed them.
 *
 * Does not promise: to work on a standby (locks are not replicated), or with a sequence cache above 1.
 */
export async function readHead(database: Database): Promise<Position> {
  const rows = await database.rows<{ head: string }>(sql`select tidings.log_head() as head`, 'once');
  return Number(rows[0]?.head ?? origin) as Position;
}
