import { mapStepsInSlices } from '../concurrency/time-slices.ts';
import { TidingsError } from '../errors.ts';
import { origin, type Position } from '../event/cursor.ts';
import { allParts, type EventParts, type StoredEvent } from '../event/event.ts';
import type { Condition } from '../filter/filter.ts';
import { AdaptiveLimit } from '../store/log/adaptive-limit.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { unbounded } from '../store/database/read-budget.ts';
import { bytesOfRows, passedOnEvent } from '../store/database/event-row.ts';
import { readCutRows } from '../store/queries/pages.ts';

/**
 * Reads the steps of one log reader from the database, page by page.
 *
 * Assumes: steps are read one after the other, each from the end of the last one.
 * Guarantees:
 * - A page holds at most `pageEvents` events. If the client takes pages fast, pages grow up to
 *   about `maxPageBytes` of memory, and the next one is read while the client takes this one. So a
 *   slow client costs one small page, and one that stops suddenly at most two large ones.
 * - A page that was read ahead and is not taken has no effect: its read is cancelled, and its
 *   errors are dropped.
 *
 *   fast client   read 1 | read 2 | read 3 |
 *                        | take 1 | take 2 | take 3
 */
export class PageReader implements Disposable {
  /** The number of positions that one page covers at most. */
  private scanPositions = minScanPositions;
  private readonly limit = new AdaptiveLimit(maxPageEvents, maxPageBytes);
  /** A head of the log. The log up to it is final, so it need not be read again before. */
  private head: Position = origin;
  /** When the last page was returned; null: no page was. */
  private returnedAt: number | null = null;
  private ahead: ReadAhead | null = null;

  constructor(
    private readonly parts: PageReaderParts,
    private readonly request: LogReaderRequest,
  ) {}

  /** Returns the step from a position. */
  async read(from: Position, signal: AbortSignal): Promise<Step> {
    const isFast = this.returnedAt !== null && performance.now() - this.returnedAt < fastClientMs;
    const ahead = this.takeAhead(from, signal);
    const page = (await ahead?.page) ?? (await this.readPage({ from, isFast, signal }));
    this.returnedAt = performance.now();
    if (isFast && page.more) this.readAhead(page.upTo);
    return page;
  }

  /** Drops the page that was read ahead. `read` can be called again. */
  [Symbol.dispose](): void {
    this.ahead?.abort.abort();
    this.ahead = null;
  }

  private readAhead(from: Position): void {
    const abort = new AbortController();
    const page = this.readPage({ from, isFast: true, signal: abort.signal }).catch(() => null);
    this.ahead = { from, page, abort };
  }

  /** The page that was read ahead, whose read now ends with `signal`; null: there is none. */
  private takeAhead(from: Position, signal: AbortSignal): ReadAhead | null {
    const { ahead } = this;
    this.ahead = null;
    if (ahead === null || ahead.from === from) {
      signal.addEventListener('abort', () => ahead?.abort.abort(), { once: true });
      return ahead;
    }
    ahead.abort.abort();
    return null;
  }

  private async readPage(wanted: PageWanted): Promise<ReadPage> {
    const { database, heads } = this.parts;
    const { client, filter, pageEvents, parts = allParts } = this.request;
    const { from, isFast, signal } = wanted;
    const { scanPositions } = this;
    const startedAt = performance.now();
    if (from >= this.head) this.head = await heads.head();
    const head = Math.min(this.head, from + scanPositions) as Position;
    const limit = isFast ? this.limit.limit : Math.min(this.limit.limit, pageEvents);
    const request = { filter, order: 'LOG', head, after: { position: from }, limit, backward: false } as const;
    const found = await readCutRows(database.reads({ client, signal }), request, { ...unbounded, parts }).catch((error: unknown) => {
      if (scanPositions === minScanPositions || !isLimitExceeded(error)) throw error;
      return null;
    });
    if (found === null) {
      this.scanPositions = minScanPositions;
      return this.readPage(wanted);
    }
    const { rows, more } = found;
    const events = await mapStepsInSlices(rows, passedOnEvent);
    this.limit.record(rows.length, bytesOfRows(rows));
    if (!more) this.scanPositions = nextScanPositions(scanPositions, performance.now() - startedAt);
    const upTo = more ? (events.at(-1)?.position ?? head) : head;
    return { events, upTo: Math.max(upTo, from) as Position, more: more || head < this.head };
  }
}

export interface PageReaderParts {
  readonly database: Database;
  readonly heads: HeadReader;
}

export interface LogReaderRequest {
  readonly filter: Condition;
  /** Whose turns its reads take: Database.reads. */
  readonly client: string;
  /** The maximum number of events in a step; of one from the database, for a slow client. */
  readonly pageEvents: number;
  /** What is used of events: other parts of those from the database are empty. Default: all. */
  readonly parts?: EventParts;
}

export interface Step {
  /** The matching events after the start of the step, up to and including `upTo`. */
  readonly events: readonly StoredEvent[];
  readonly upTo: Position;
}

interface PageWanted {
  readonly from: Position;
  /** Whether the client takes pages fast. */
  readonly isFast: boolean;
  readonly signal: AbortSignal;
}

/** A step, and whether the log has more up to the known head. */
type ReadPage = Step & { readonly more: boolean };

interface ReadAhead {
  readonly from: Position;
  /** Null: the read failed. */
  readonly page: Promise<ReadPage | null>;
  readonly abort: AbortController;
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

/** A client that takes a page within this time is fast. */
const fastClientMs = 500;
/** Larger pages save hardly any time, and clients that stop reading hold two of them. */
const maxPageEvents = 500;
/** Two such pages take less than what one statement reads at most. */
const maxPageBytes = 768 * 1024;
/** Limits of the number of positions that one read of the database covers. */
const minScanPositions = 10_000;
const maxScanPositions = 10_000_000;
const fastReadThresholdMs = 100;
const slowReadThresholdMs = 500;
