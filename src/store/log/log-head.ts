import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { readHead } from './log-order.ts';
import { sharedRead } from '../../concurrency/coalesce.ts';

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
  const head = sharedRead(() => readHead(database));
  return {
    head,
    async headFrom(position) {
      // A committed event waits only for writers that took places before it did.
      const deadline = performance.now() + longestWaitMs;
      for (let wait = firstWait; ; wait = Math.min(wait * 2, longestWait)) {
        const found = await head();
        if (found >= position) return found;
        if (performance.now() > deadline) throw stuck();
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    },
  };
}

function stuck(): TidingsError {
  return new TidingsError(
    'UNAVAILABLE',
    'The event was stored, but cannot be read yet: another writer is stuck. Repeating the request is safe.',
  );
}

const firstWait = 1;
const longestWait = 20;
/** A writer that is undecided for longer than this is stuck, or its server is. */
const longestWaitMs = 15_000;
