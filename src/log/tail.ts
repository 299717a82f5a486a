import type { Logger } from 'pino';
import { WakeSignal } from '../concurrency/wake-signal.ts';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import { toMicros } from '../event/instant.ts';
import type { Metrics } from '../metrics.ts';
import { AdaptiveLimit } from '../store/log/adaptive-limit.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { readLog, type LogSlice } from '../store/log/read-log.ts';
import { LocalAppends } from './local-appends.ts';
import type { Notifications } from './notifications.ts';
import { TailBuffer, type TailBufferBounds, type TailStep } from './tail-buffer.ts';

/**
 * The tail: the one reader of the log's end in this process, shared by all its followers.
 *
 * Assumes: `heads` as src/store/log/log-head.ts guarantees them. Notifications may be lost.
 *
 * Guarantees: while there is a follower, every event of the log passes through here once, in order,
 * unless retention removes it before the tail has read it: then the tail continues after it, and
 * every reader from an earlier position has to read the database, where it finds the log start.
 * The latest events stay in bounded memory. `head` never decreases. Events appended by this process
 * are not read back where avoidable (./local-appends.ts has the argument that none is missed).
 *
 * Does not guarantee: that any event is still in memory. Without a follower it reads and keeps
 * nothing.
 *
 *        follow                 notification, poll, local appends       last follower left
 *   idle ------> following at head ----------------> moving to a head ---------------> idle
 */
export interface Tail extends AsyncDisposable {
  /**
   * Adds a follower, which disposing removes. Resolves with a head that was read after the call,
   * once the tail moves to it.
   */
  follow(): Promise<Following>;
  /**
   * The events after `position` in memory; empty: it is the tail's head; null: read them from the
   * database.
   */
  bufferedAfter(position: Position, limit: number): readonly StoredEvent[] | null;
  /** The event at a position, if it is in memory. */
  bufferedAt(position: Position): StoredEvent | null;
  /** Drops the events up to a position from memory: they were removed from the log. */
  prune(upTo: Position): void;
  head(): Position;
  /** Passes every step to `observer` before the head moves past it, and calls the returned function after. */
  observe(observer: TailObserver): void;
  /** Aborts when the tail stops; the head does not move after that. */
  readonly stopped: AbortSignal;
  /** Wakes when the head has moved, and when the tail stops. */
  readonly headSignal: WakeSignal;
  /** Whether there is a follower, so that `offer` is of use. */
  wantsLocalAppends(): boolean;
  /**
   * Takes events that this process appended, and a head that was read after their commit, at or
   * after them.
   */
  offer(appends: LogSlice, head: Position): void;
}

/** The membership of a follower, and the head that was read for it. */
export interface Following extends Disposable {
  readonly head: Position;
}

/** Receives the next step. Must not throw. */
export type TailObserver = (step: TailStep) => Promise<() => void>;

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
  /** The latest head that came with local appends. */
  let offeredHead = 0 as Position;
  let currentRun: Promise<void> = Promise.resolve();
  let mustReadHead = false;
  let isRunning = false;
  let failing = false;

  const moveTo = async (head: Position, target: TailBuffer): Promise<void> => {
    while (target.head < head) {
      const step = await readNext(target.head, head);
      const completions = await Promise.all(observers.map((observer) => observer(step)));
      target.extend(step);
      localAppends.dropUpTo(step.upTo);
      metrics.head.set(step.upTo);
      const last = step.events.at(-1);
      if (last !== undefined) metrics.logLag.observe(Math.max(0, Date.now() - Number(toMicros(last.received) / 1000n)) / 1000);
      completions.forEach((done) => done());
      headSignal.wake();
    }
  };
  const readNext = async (after: Position, head: Position): Promise<TailStep> => {
    const end = Math.min(head, after + maxStepEvents) as Position;
    const local = localAppends.range(after, end);
    if (local !== null) return { ...local, from: after, upTo: end };
    const { limit } = adaptiveLimit;
    const { events, bytes, logStart } = await readLog(database, { after, head, limit });
    adaptiveLimit.record(
      events.length,
      bytes.reduce((sum, each) => sum + each, 0),
    );
    const last = events.length < limit ? head : (events.at(-1)?.position ?? head);
    return { events, bytes, from: Math.max(after, logStart) as Position, upTo: Math.max(last, logStart) as Position };
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
      // The poll retries. One log line per outage.
      if (!failing) logger.warn({ err: error }, 'the log cannot be followed at the moment');
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

  /** One function for all followers, since there may be very many. */
  const leave = (): void => {
    followers -= 1;
    if (followers === 0 && !isRunning) idle();
  };

  // Events stored by this process come through `offer`.
  const stopListening = notifications.listen((source) => source === 'here' || readHeadAndRun());
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
      return { head, [Symbol.dispose]: leave };
    },
    bufferedAfter: (position, limit) => buffer?.after(position, limit) ?? null,
    bufferedAt: (position) => buffer?.at(position) ?? null,
    prune: (upTo) => buffer?.prune(upTo),
    observe: (observer) => void observers.push(observer),
    wantsLocalAppends: () => followers > 0,
    offer(appends, head) {
      if (followers === 0) return;
      if (buffer === null) return readHeadAndRun();
      localAppends.offer(appends);
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

/** Enough that a subscriber that pauses for a second need not read from the database. */
const defaultBounds: TailBufferBounds = { events: 10_000, bytes: 32 * 1024 * 1024 };
/** The number of events passed to observers at once. */
const maxStepEvents = 1000;
/** The delay of an event whose notification was lost, at most. */
const pollIntervalMs = 500;
