import { patternCharacters } from '../filter/match-cost.ts';
import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../filter/filter.ts';
import type { Tail } from '../log/tail.ts';
import type { Waiter } from '../concurrency/wake-signal.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { everyEvent, type Page } from '../store/queries/page-request.ts';
import { readPages } from '../store/queries/pages.ts';
import { Portion } from '../store/database/adaptive-limit.ts';
import { matchingEvents } from './match-events.ts';
import type { Watch, Watches } from './matching/shared-matches.ts';

/**
 * Steps along the log: from a place to a later one, with the events that match in between.
 *
 * Assumes: a tail that is followed. Promises: steps that each begin where the last one ended pass every matching event
 * once, in log order, whichever of them came from memory and which from the database. A step is short: it looks at so
 * much of the log as takes about a second at most, and answers with so many events as are asked for at once.
 */
export class Walk {
  private readonly watch: Watch | null;
  private readonly filter: Condition;
  /** How far to look in one read of the database, and for how many events. */
  private stretch = shortest;
  private portion: Portion | null = null; // made when first needed: most never read

  /** Reads pages of at most so many events from the database. */
  constructor(
    private readonly parts: WalkParts,
    filter: Condition,
    private readonly page: number,
  ) {
    // Filters that may take long to read in memory are read for one event at a time, aside.
    this.watch = patternCharacters(filter) > mostWatched ? null : parts.watches.watch(filter);
    this.filter = this.watch?.filter ?? filter; // those who have equal ones hold one
  }

  /** The step from here through what is known to match in the tail's memory, with `limit` events at most. Null: not known. */
  known(from: Position, limit: number): Step | null {
    const { tail } = this.parts;
    const places = this.watch?.after(from, limit) ?? null;
    if (places === null) return null;
    const events: StoredEvent[] = [];
    for (const place of places) {
      const event = tail.recentAt(place);
      if (event === null) return null;
      events.push(event);
    }
    const upTo = places.length < limit ? tail.head() : (places.at(-1) ?? from);
    return { events, upTo: Math.max(upTo, from) as Position };
  }

  /** The step from here within the tail's memory; it ends where it began when this is its head. Null: memory begins later. */
  async remembered(from: Position): Promise<Step | null> {
    const { database, tail } = this.parts;
    const recent = tail.recentAfter(from, scanned);
    if (recent === null) return null;
    const events = await matchingEvents(database, this.filter, recent);
    if (events.length <= this.page) return { events, upTo: recent.at(-1)?.position ?? from };
    const first = events.slice(0, this.page);
    return { events: first, upTo: first.at(-1)?.position ?? from };
  }

  /** The step from here through the database. */
  async stored(from: Position): Promise<Step> {
    const { database, heads } = this.parts;
    const { filter, stretch } = this;
    const portion = (this.portion ??= new Portion(this.page));
    const began = performance.now();
    const head = Math.min(await heads.head(), from + stretch) as Position;
    const request = { filter, order: 'LOG', head, after: { position: from }, limit: portion.limit, backward: false } as const;
    const found = await readPages(database, request, everyEvent).catch((error: unknown) => {
      if (stretch === shortest || !isTooMuch(error)) throw error;
      return null;
    });
    if (found === null) {
      this.stretch = shortest;
      return this.stored(from);
    }
    const { events, more, bytes } = found[0] ?? nothing;
    portion.saw(events.length, bytes);
    if (!more) this.stretch = nextStretch(stretch, performance.now() - began);
    const upTo = more ? (events.at(-1)?.position ?? head) : head;
    return { events, upTo: Math.max(upTo, from) as Position };
  }

  /** Whether this is the tail's head, or lies beyond it. */
  isAtHead(from: Position): boolean {
    return this.parts.tail.head() <= from;
  }

  /** Wakes somebody once when there may be more after this place, which is the tail's head, or when the tail stops. */
  onMore(from: Position, waiter: Waiter): void {
    // A watch that began while the tail was moving does not know what it is moving over.
    if (this.watch?.knows(from) === true) this.watch.matches.add(waiter);
    else this.parts.tail.moves.add(waiter);
  }

  offMore(waiter: Waiter): void {
    this.watch?.matches.delete(waiter);
    this.parts.tail.moves.delete(waiter);
  }

  [Symbol.dispose](): void {
    this.watch?.[Symbol.dispose]();
  }
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
  readonly watches: Watches;
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

const nothing: Page = { events: [], more: false, bytes: 0 };
/** Characters of all globs and search texts in a filter that is read together with the others. */
const mostWatched = 200;
/** Events in memory looked at in one turn of the event loop. */
const scanned = 1000;
/** Places of the log that one read of the database looks at. */
const shortest = 10_000;
const longest = 10_000_000;
const quickMs = 100;
const slowMs = 500;
