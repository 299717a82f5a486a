import { patternCharacters } from '../filter/match-cost.ts';
import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../filter/filter.ts';
import type { Tail } from '../log/tail.ts';
import type { WakeListener } from '../concurrency/wake-signal.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { everyEvent, type Page } from '../store/queries/page-request.ts';
import { readPages } from '../store/queries/pages.ts';
import { AdaptiveLimit } from '../store/database/adaptive-limit.ts';
import { matchEvents } from './match-events.ts';
import type { FilterMatches, SharedMatches } from './matching/shared-matches.ts';

/**
 * Steps along the log: from a place to a later one, with the events that match in between.
 *
 * Assumes: a tail that is followed. Promises: steps that each begin where the last one ended pass every matching event
 * once, in log order, whichever of them came from memory and which from the database. A step is short: it looks at so
 * much of the log as takes about a second at most, and answers with so many events as are asked for at once.
 */
export class LogReader {
  private readonly filterMatches: FilterMatches | null;
  private readonly filter: Condition;
  /** How far to look in one read of the database, and for how many events. */
  private scanPositions = minScanPositions;
  private adaptiveLimit: AdaptiveLimit | null = null; // made when first needed: most never read

  /** Reads pages of at most so many events from the database. */
  constructor(
    private readonly parts: LogReaderParts,
    filter: Condition,
    private readonly pageEvents: number,
  ) {
    // Filters that may take long to read in memory are read for one event at a time, aside.
    this.filterMatches = patternCharacters(filter) > maxSharedPatternCharacters ? null : parts.sharedMatches.filterMatches(filter);
    this.filter = this.filterMatches?.filter ?? filter; // those who have equal ones hold one
  }

  /** The step from here through what is known to match in the tail's memory, with `limit` events at most. Null: not known. */
  stepFromMatches(from: Position, limit: number): Step | null {
    const { tail } = this.parts;
    const positions = this.filterMatches?.after(from, limit) ?? null;
    if (positions === null) return null;
    const events: StoredEvent[] = [];
    for (const position of positions) {
      const event = tail.bufferedAt(position);
      if (event === null) return null;
      events.push(event);
    }
    const upTo = positions.length < limit ? tail.head() : (positions.at(-1) ?? from);
    return { events, upTo: Math.max(upTo, from) as Position };
  }

  /** The step from here within the tail's memory; it ends where it began when this is its head. Null: memory begins later. */
  async stepFromMemory(from: Position): Promise<Step | null> {
    const { database, tail } = this.parts;
    const buffered = tail.bufferedAfter(from, maxMemoryStepEvents);
    if (buffered === null) return null;
    const events = await matchEvents(database, this.filter, buffered);
    if (events.length <= this.pageEvents) return { events, upTo: buffered.at(-1)?.position ?? from };
    const first = events.slice(0, this.pageEvents);
    return { events: first, upTo: first.at(-1)?.position ?? from };
  }

  /** The step from here through the database. */
  async stepFromDatabase(from: Position): Promise<Step> {
    const { database, heads } = this.parts;
    const { filter, scanPositions } = this;
    const adaptiveLimit = (this.adaptiveLimit ??= new AdaptiveLimit(this.pageEvents));
    const startedAt = performance.now();
    const head = Math.min(await heads.head(), from + scanPositions) as Position;
    const request = { filter, order: 'LOG', head, after: { position: from }, limit: adaptiveLimit.limit, backward: false } as const;
    const found = await readPages(database, request, everyEvent).catch((error: unknown) => {
      if (scanPositions === minScanPositions || !isLimitExceeded(error)) throw error;
      return null;
    });
    if (found === null) {
      this.scanPositions = minScanPositions;
      return this.stepFromDatabase(from);
    }
    const { events, more, bytes } = found[0] ?? emptyPage;
    adaptiveLimit.record(events.length, bytes);
    if (!more) this.scanPositions = nextScanPositions(scanPositions, performance.now() - startedAt);
    const upTo = more ? (events.at(-1)?.position ?? head) : head;
    return { events, upTo: Math.max(upTo, from) as Position };
  }

  /** Whether this is the tail's head, or lies beyond it. */
  isAtHead(from: Position): boolean {
    return this.parts.tail.head() <= from;
  }

  /** Wakes somebody once when there may be more after this place, which is the tail's head, or when the tail stops. */
  onReadable(from: Position, listener: WakeListener): void {
    // A watch that began while the tail was moving does not know what it is moving over.
    if (this.filterMatches?.knows(from) === true) this.filterMatches.matchSignal.add(listener);
    else this.parts.tail.headSignal.add(listener);
  }

  offReadable(listener: WakeListener): void {
    this.filterMatches?.matchSignal.delete(listener);
    this.parts.tail.headSignal.delete(listener);
  }

  [Symbol.dispose](): void {
    this.filterMatches?.[Symbol.dispose]();
  }
}

export interface Step {
  /** What matches after the beginning, up to and including `upTo`. */
  readonly events: readonly StoredEvent[];
  readonly upTo: Position;
}

export interface LogReaderParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly tail: Tail;
  readonly sharedMatches: SharedMatches;
}

/** Where little matches, a longer stretch costs hardly more than a short one, and fewer statements. */
function nextScanPositions(scanPositions: number, ms: number): number {
  if (ms < fastReadThresholdMs) return Math.min(scanPositions * 4, maxScanPositions);
  return ms > slowReadThresholdMs ? Math.max(Math.floor(scanPositions / 4), minScanPositions) : scanPositions;
}

/** The next stretch may be a costlier one than those by which its length was chosen. */
function isLimitExceeded(error: unknown): boolean {
  return error instanceof TidingsError && error.code === 'LIMIT_EXCEEDED';
}

const emptyPage: Page = { events: [], more: false, bytes: 0 };
/** Characters of all globs and search texts in a filter that is read together with the others. */
const maxSharedPatternCharacters = 200;
/** Events in memory looked at in one turn of the event loop. */
const maxMemoryStepEvents = 1000;
/** Places of the log that one read of the database looks at. */
const minScanPositions = 10_000;
const maxScanPositions = 10_000_000;
const fastReadThresholdMs = 100;
const slowReadThresholdMs = 500;
