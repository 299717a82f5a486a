import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../event/filter.ts';
import type { Tail } from '../log/tail.ts';
import type { Database } from '../store/database.ts';
import type { HeadReader } from '../store/head.ts';
import { everyEvent, type Page } from '../store/page-request.ts';
import { readPages } from '../store/pages.ts';
import { matchingEvents } from './matching-events.ts';

/**
 * Steps along the log: from a place to a later one, with the events that match in between.
 *
 * Assumes: a tail that is followed. Promises: steps that each begin where the last one ended pass every matching event
 * once, in log order, whichever of them came from memory and which from the database. A step is short: it looks at so
 * much of the log as takes about a second at most, and answers with so many events as are asked for at once.
 */
export interface Walk {
  /** The step from here within the tail's memory; it ends where it began when this is its head. Null: memory begins later. */
  remembered(from: Position): Promise<Step | null>;
  /** The step from here through the database. */
  stored(from: Position): Promise<Step>;
}

export interface Step {
  /** What matches after the beginning, up to and including `upTo`. */
  readonly events: readonly StoredEvent[];
  readonly upTo: Position;
}

export interface WalkParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly tail: Tail;
}

export interface WalkRequest {
  readonly filter: Condition;
  /** Events that one read of the database may find. */
  readonly page: number;
}

export function createWalk({ database, heads, tail }: WalkParts, { filter, page }: WalkRequest): Walk {
  let stretch = shortest;
  return {
    async remembered(from) {
      const recent = tail.recentAfter(from, scanned);
      if (recent === null) return null;
      return { events: await matchingEvents(database, filter, recent), upTo: recent.at(-1)?.position ?? from };
    },
    async stored(from) {
      const began = performance.now();
      const head = Math.min(await heads.head(), from + stretch) as Position;
      const request = { filter, order: 'LOG', head, after: { position: from }, limit: page, backward: false } as const;
      const found = await readPages(database, request, everyEvent).catch((error: unknown) => {
        if (stretch === shortest || !isTooMuch(error)) throw error;
        return null;
      });
      if (found === null) {
        stretch = shortest;
        return this.stored(from);
      }
      const { events, more } = found[0] ?? nothing;
      if (!more) stretch = nextStretch(stretch, performance.now() - began);
      const upTo = more ? (events.at(-1)?.position ?? head) : head;
      return { events, upTo: Math.max(upTo, from) as Position };
    },
  };
}

/** Where little matches, a longer stretch costs hardly more than a short one, and fewer statements. */
function nextStretch(stretch: number, ms: number): number {
  if (ms < quickMs) return Math.min(stretch * 4, longest);
  return ms > slowMs ? Math.max(Math.floor(stretch / 4), shortest) : stretch;
}

/** The next stretch may be a costlier one than those by which its length was chosen. */
function isTooMuch(error: unknown): boolean {
  return error instanceof TidingsError && error.code === 'LIMIT_EXCEEDED';
}

const nothing: Page = { events: [], more: false };
/** Events in memory looked at in one turn of the event loop. */
const scanned = 1000;
/** Places of the log that one read of the database looks at. */
const shortest = 10_000;
const longest = 10_000_000;
const quickMs = 100;
const slowMs = 500;
