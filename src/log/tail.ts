import type { Logger } from 'pino';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import { toMicros } from '../event/instant.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { readLog, type LogSlice } from '../store/log/read-log.ts';
import { AdaptiveLimit } from '../store/database/adaptive-limit.ts';
import { LocalAppends } from './local-appends.ts';
import { TailBuffer, type TailBufferBounds } from './tail-buffer.ts';
import { WakeSignal } from '../concurrency/wake-signal.ts';
import type { Notifications } from './notifications.ts';

/**
 * The tail: this process's one reader of the log's end, on behalf of everybody who listens.
 *
 * Assumes: `heads` as log-order promises them; wake-ups that may be lost. Promises: while somebody follows, every
 * event of the log passes through here once, in order; the recent ones stay in bounded memory; `head` never goes
 * back; what this process stored itself is not read back where that is not needed (`own-events` says why nothing is
 * missed then). Does not promise: that any event is still in memory. Reads and keeps nothing while nobody follows.
 *
 *        follow                    wake-up, poll, own events            last one left
 *   idle ------> following at head ----------------> moving to a head ---------------> idle
 */
export interface Tail extends AsyncDisposable {
  /** Counts as a listener until disposed of, once for each call; resolves once the tail stands at a head that was read after the call. */
  follow(): Promise<Disposable>;
  /** Events after `position` that are in memory (none: it is at the tail's head); null: read them from the database. */
  bufferedAfter(position: Position, limit: number): readonly StoredEvent[] | null;
  /** The event at a place, if it is in memory. */
  bufferedAt(position: Position): StoredEvent | null;
  /** Drops the events up to a place from memory: they were removed from the log. */
  prune(upTo: Position): void;
  head(): Position;
  /** Hands every stretch of events to `attendant` before the head moves over it; what that answers with is called after. */
  observe(observer: TailObserver): void;
  /** Aborts when the tail stops: then nothing moves any more. */
  readonly stopped: AbortSignal;
  /** Woken when the head has moved, and when the tail stops. */
  readonly headSignal: WakeSignal;
  /** Whether anybody follows, and wants to be offered what this process stores. */
  wantsLocalAppends(): boolean;
  /** Takes events that this process stored, and a head that was read after they were committed, at or after them. */
  offer(appends: LogSlice, head: Position): void;
}

/** The next events of the log and where they end. Must not throw. */
export type TailObserver = (events: readonly StoredEvent[], upTo: Position) => Promise<() => void>;

export interface TailParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly notifications: Notifications;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export function startTail({ database, heads, notifications, metrics, logger }: TailParts, bounds: TailBufferBounds = defaultBounds): Tail {
  const stopping = new AbortController();
  const headSignal = new WakeSignal();
  const observers: TailObserver[] = [];
  let followers = 0;
  let buffer: TailBuffer | null = null;
  const localAppends = new LocalAppends(bounds);
  const adaptiveLimit = new AdaptiveLimit(maxStepEvents);
  /** The last head that came with own events. */
  let offeredHead = 0 as Position;
  let currentRun: Promise<void> = Promise.resolve();
  let mustReadHead = false;
  let isRunning = false;
  let failing = false;

  const moveTo = async (head: Position, target: TailBuffer): Promise<void> => {
    while (target.head < head) {
      const { slice, upTo } = await readNext(target.head, head);
      const completions = await Promise.all(observers.map((observer) => observer(slice.events, upTo)));
      target.extend(slice.events, slice.bytes, upTo);
      localAppends.dropUpTo(upTo);
      metrics.head.set(upTo);
      const last = slice.events.at(-1);
      if (last !== undefined) metrics.logLag.observe(Math.max(0, Date.now() - Number(toMicros(last.received) / 1000n)) / 1000);
      completions.forEach((done) => done());
      headSignal.wake();
    }
  };
  const readNext = async (after: Position, head: Position): Promise<{ slice: LogSlice; upTo: Position }> => {
    const end = Math.min(head, after + maxStepEvents) as Position;
    const local = localAppends.range(after, end);
    if (local !== null) return { slice: local, upTo: end };
    const { limit } = adaptiveLimit;
    const slice = await readLog(database, { after, head, limit });
    const { events, bytes } = slice;
    adaptiveLimit.record(
      events.length,
      bytes.reduce((sum, each) => sum + each, 0),
    );
    return { slice, upTo: events.length < limit ? head : (events.at(-1)?.position ?? head) };
  };
  const hasWork = (): boolean => mustReadHead || (buffer !== null && offeredHead > buffer.head);
  const runUntilCaughtUp = async (): Promise<void> => {
    isRunning = true;
    try {
      while (hasWork() && followers > 0 && !stopping.signal.aborted) {
        const readsHead = mustReadHead || buffer === null;
        mustReadHead = false;
        const head = readsHead ? await heads.head() : offeredHead;
        buffer ??= new TailBuffer(head, bounds);
        await moveTo(head, buffer);
        failing = false;
      }
    } catch (error) {
      clearLocalAppends();
      // The poll tries again. One line for one outage.
      if (!failing) logger.warn({ err: error }, 'the log cannot be followed for now');
      failing = true;
    } finally {
      isRunning = false;
      if (followers === 0) idle();
    }
  };
  const clearLocalAppends = (): void => {
    localAppends.clear();
    offeredHead = 0 as Position;
  };
  const idle = (): void => {
    buffer = null;
    clearLocalAppends();
  };
  const start = (): void => {
    if (!isRunning && followers > 0) currentRun = runUntilCaughtUp();
  };
  const readHeadAndRun = (): void => {
    mustReadHead = true;
    start();
  };

  /** One for all who follow, since there may be very many. */
  const following: Disposable = {
    [Symbol.dispose]() {
      followers -= 1;
      if (followers === 0 && !isRunning) idle();
    },
  };

  // What is stored here is offered.
  const stopListening = notifications.listen((from) => from === 'here' || readHeadAndRun());
  const poll = setInterval(readHeadAndRun, pollIntervalMs);
  stopping.signal.addEventListener('abort', () => {
    clearInterval(poll);
    stopListening();
    headSignal.wake();
  });

  return {
    async follow() {
      followers += 1;
      const head = await heads.head().catch((error: unknown) => {
        followers -= 1;
        throw error;
      });
      buffer ??= new TailBuffer(head, bounds);
      return following;
    },
    bufferedAfter: (position, limit) => buffer?.after(position, limit) ?? null,
    bufferedAt: (position) => buffer?.at(position) ?? null,
    prune: (upTo) => buffer?.prune(upTo),
    observe: (observer) => void observers.push(observer),
    wantsLocalAppends: () => followers > 0,
    offer(events, head) {
      if (followers === 0) return;
      if (buffer === null) return readHeadAndRun();
      localAppends.offer(events);
      offeredHead = Math.max(offeredHead, head) as Position;
      start();
    },
    stopped: stopping.signal,
    head: () => buffer?.head ?? (0 as Position),
    headSignal,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await currentRun;
    },
  };
}

/** What memory keeps: enough that a subscriber who hesitates for a second need not read from the database. */
const defaultBounds: TailBufferBounds = { events: 10_000, bytes: 32 * 1024 * 1024 };
/** Events that are attended to at once. */
const maxStepEvents = 1000;
/** How late an event can be whose wake-up was lost. */
const pollIntervalMs = 500;
