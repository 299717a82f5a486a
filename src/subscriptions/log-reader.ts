import type { TimeSlices } from '../concurrency/time-slices.ts';
import type { WakeListener } from '../concurrency/wake-signal.ts';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Tail } from '../log/tail.ts';
import type { FilterMatches, SharedMatches } from './matching/shared-matches.ts';
import { eventTests, runTests } from './matching/sliced-tests.ts';
import { PageReader, type LogReaderRequest, type PageReaderParts, type Step } from './page-reader.ts';

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
  private readonly request: Omit<LogReaderRequest, 'filter'>;
  private pages: PageReader | null = null; // created on first use: most readers need none

  constructor(
    private readonly parts: LogReaderParts,
    { filter, ...request }: LogReaderRequest,
  ) {
    this.request = request;
    this.filterMatches = parts.sharedMatches.filterMatches(filter, request.client);
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
    const { client, pageEvents } = this.request;
    const buffered = tail.bufferedAfter(from, maxMemoryStepEvents);
    if (buffered === null) return null;
    const tests = eventTests(this.filterMatches.filter, buffered);
    const events = await runTests({ database: database.reads({ client, signal }), timeSlices, client }, tests);
    if (events.length <= pageEvents) return { events, upTo: buffered.at(-1)?.position ?? from };
    const first = events.slice(0, pageEvents);
    return { events: first, upTo: first.at(-1)?.position ?? from };
  }

  /** The step through the database. */
  async stepFromDatabase(from: Position, signal: AbortSignal): Promise<Step> {
    const { filter } = this.filterMatches; // equal filters share one object
    this.pages ??= new PageReader(this.parts, { ...this.request, filter });
    return this.pages.read(from, signal);
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

  /** Drops the page that was read ahead. */
  dropRead(): void {
    this.pages?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.pages?.[Symbol.dispose]();
    this.filterMatches[Symbol.dispose]();
  }
}

export interface LogReaderParts extends PageReaderParts {
  readonly tail: Tail;
  readonly sharedMatches: SharedMatches;
  readonly timeSlices: TimeSlices;
}

/** The maximum number of events that one step from memory tests. */
const maxMemoryStepEvents = 1000;
