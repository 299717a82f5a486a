import type { TimeSlices } from '../concurrency/time-slices.ts';
import type { WakeListener } from '../concurrency/wake-signal.ts';
import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../filter/filter.ts';
import type { Tail } from '../log/tail.ts';
import { AdaptiveLimit } from '../store/database/adaptive-limit.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { readCutPage } from '../store/queries/pages.ts';
import type { FilterMatches, SharedMatches } from './matching/shared-matches.ts';
import { eventTests, runTests } from './matching/sliced-tests.ts';

/**
 * Reads the log in steps. A step leads from one position to a later one, with the matching events
 * between them.
 *
 *   log      ------------------|=============================|
 *            database only     tail buffer (memory)          tail head
 *            stepFromDatabase  stepFromMatches: matching positions are known
 *                              stepFromMemory: tests each event
 *
 * Assumes: the tail is followed.
 * Guarantees:
 * - Steps that each begin where the last one ended pass every matching event once, in log order,
 *   from whichever source each of them comes.
 * - A step is short. It covers as much of the log as takes about a second, and returns at most the
 *   number of events that its limit allows.
 */
export class LogReader {
  private readonly filterMatches: FilterMatches;
  private readonly client: string;
  private readonly pageEvents: number;
  /** The number of positions that one read of the database covers. */
  private scanPositions = minScanPositions;
  private adaptiveLimit: AdaptiveLimit | null = null; // created on first use: most readers need none

  constructor(
    private readonly parts: LogReaderParts,
    { filter, client, pageEvents }: LogReaderRequest,
  ) {
    this.client = client;
    this.pageEvents = pageEvents;
    this.filterMatches = parts.sharedMatches.filterMatches(filter, client);
  }

  /**
   * The step through the shared matches, with at most `limit` events; null: not known, or not in
   * memory.
   */
  stepFromMatches(from: Position, limit: number): Step | null {
    const { tail } = this.parts;
    const positions = this.filterMatches.after(from, limit);
    if (positions === null) return null;
    const events: StoredEvent[] = [];
    for (const position of positions) {
      const event = tail.bufferedAt(position);
      if (event === null) return null;
      events.push(event);
    }
    const upTo = positions.length < limit ? this.filterMatches.head() : (positions.at(-1) ?? from);
    return { events, upTo: Math.max(upTo, from) as Position };
  }

  /**
   * The step through the tail buffer; null: the buffer begins later. At the tail's head the step
   * ends where it began.
   */
  async stepFromMemory(from: Position, signal: AbortSignal): Promise<Step | null> {
    const { database, tail, timeSlices } = this.parts;
    const { client } = this;
    const buffered = tail.bufferedAfter(from, maxMemoryStepEvents);
    if (buffered === null) return null;
    const tests = eventTests(this.filterMatches.filter, buffered);
    const events = await runTests({ database: database.reads({ client, signal }), timeSlices, client }, tests);
    if (events.length <= this.pageEvents) return { events, upTo: buffered.at(-1)?.position ?? from };
    const first = events.slice(0, this.pageEvents);
    return { events: first, upTo: first.at(-1)?.position ?? from };
  }

  /** The step through the database. */
  async stepFromDatabase(from: Position, signal: AbortSignal): Promise<Step> {
    const { database, heads } = this.parts;
    const { scanPositions } = this;
    const { filter } = this.filterMatches; // equal filters share one object
    const adaptiveLimit = (this.adaptiveLimit ??= new AdaptiveLimit(this.pageEvents));
    const startedAt = performance.now();
    const head = Math.min(await heads.head(), from + scanPositions) as Position;
    const request = { filter, order: 'LOG', head, after: { position: from }, limit: adaptiveLimit.limit, backward: false } as const;
    const found = await readCutPage(database.reads({ client: this.client, signal }), request).catch((error: unknown) => {
      if (scanPositions === minScanPositions || !isLimitExceeded(error)) throw error;
      return null;
    });
    if (found === null) {
      this.scanPositions = minScanPositions;
      return this.stepFromDatabase(from, signal);
    }
    const { events, more, bytes } = found;
    adaptiveLimit.record(events.length, bytes);
    if (!more) this.scanPositions = nextScanPositions(scanPositions, performance.now() - startedAt);
    const upTo = more ? (events.at(-1)?.position ?? head) : head;
    return { events, upTo: Math.max(upTo, from) as Position };
  }

  /** Whether no event after this position is matched yet: it is the tail's head, or later. */
  isAtHead(from: Position): boolean {
    if (this.filterMatches.knows(from)) return this.filterMatches.head() <= from;
    return this.parts.tail.head() <= from;
  }

  /**
   * Wakes the listener once when there can be more events after `from`, the tail's head, or when
   * the tail stops.
   */
  onReadable(from: Position, listener: WakeListener): void {
    // Matches that began during a move of the tail do not include the events of that move.
    if (this.filterMatches.knows(from)) this.filterMatches.matchSignal.add(listener);
    else this.parts.tail.headSignal.add(listener);
  }

  offReadable(listener: WakeListener): void {
    this.filterMatches.matchSignal.delete(listener);
    this.parts.tail.headSignal.delete(listener);
  }

  [Symbol.dispose](): void {
    this.filterMatches[Symbol.dispose]();
  }
}

export interface Step {
  /** The matching events after the start of the step, up to and including `upTo`. */
  readonly events: readonly StoredEvent[];
  readonly upTo: Position;
}

export interface LogReaderRequest {
  readonly filter: Condition;
  /** Whose turns its reads take: Database.reads. */
  readonly client: string;
  /** The maximum number of events in a read of the database. */
  readonly pageEvents: number;
}

export interface LogReaderParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly tail: Tail;
  readonly sharedMatches: SharedMatches;
  readonly timeSlices: TimeSlices;
}

/** Where few events match, a longer range takes hardly more time, and fewer statements. */
function nextScanPositions(scanPositions: number, ms: number): number {
  if (ms < fastReadThresholdMs) return Math.min(scanPositions * 4, maxScanPositions);
  return ms > slowReadThresholdMs ? Math.max(Math.floor(scanPositions / 4), minScanPositions) : scanPositions;
}

/** A range can be more expensive than the ranges by which its length was chosen. */
function isLimitExceeded(error: unknown): boolean {
  return error instanceof TidingsError && error.code === 'LIMIT_EXCEEDED';
}

/** The maximum number of events that one step from memory tests. */
const maxMemoryStepEvents = 1000;
/** Limits of the number of positions that one read of the database covers. */
const minScanPositions = 10_000;
const maxScanPositions = 10_000_000;
const fastReadThresholdMs = 100;
const slowReadThresholdMs = 500;
