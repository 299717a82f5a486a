import type { Logger } from 'pino';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import { toMicros } from '../event/instant.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { readLog, type Stretch } from '../store/log/read-log.ts';
import { Portion } from '../store/database/adaptive-limit.ts';
import { OwnEvents } from './local-appends.ts';
import { Recent, type RecentBounds } from './tail-buffer.ts';
import { Waiters } from '../concurrency/wake-signal.ts';
import type { Wakeups } from './notifications.ts';

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
  recentAfter(position: Position, limit: number): readonly StoredEvent[] | null;
  /** The event at a place, if it is in memory. */
  recentAt(position: Position): StoredEvent | null;
  /** Drops the events up to a place from memory: they were removed from the log. */
  forget(upTo: Position): void;
  head(): Position;
  /** Hands every stretch of events to `attendant` before the head moves over it; what that answers with is called after. */
  attend(attendant: Attendant): void;
  /** Aborts when the tail stops: then nothing moves any more. */
  readonly stopped: AbortSignal;
  /** Woken when the head has moved, and when the tail stops. */
  readonly moves: Waiters;
  /** Whether anybody follows, and wants to be offered what this process stores. */
  wantsOwn(): boolean;
  /** Takes events that this process stored, and a head that was read after they were committed, at or after them. */
  offer(own: Stretch, head: Position): void;
}

/** The next events of the log and where they end. Must not throw. */
export type Attendant = (events: readonly StoredEvent[], upTo: Position) => Promise<() => void>;

export interface TailParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly wakeups: Wakeups;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export function startTail({ database, heads, wakeups, metrics, logger }: TailParts, bounds: RecentBounds = usualBounds): Tail {
  const stopping = new AbortController();
  const moves = new Waiters();
  const attendants: Attendant[] = [];
  let followers = 0;
  let recent: Recent | null = null;
  const own = new OwnEvents(bounds);
  const portion = new Portion(longest);
  /** The last head that came with own events. */
  let offeredHead = 0 as Position;
  let looked: Promise<void> = Promise.resolve();
  let lookAgain = false;
  let looking = false;
  let failing = false;

  const moveTo = async (head: Position, along: Recent): Promise<void> => {
    while (along.head < head) {
      const { stretch, upTo } = await nextStretch(along.head, head);
      const attended = await Promise.all(attendants.map((attendant) => attendant(stretch.events, upTo)));
      along.extend(stretch.events, stretch.bytes, upTo);
      own.passed(upTo);
      metrics.head.set(upTo);
      const last = stretch.events.at(-1);
      if (last !== undefined) metrics.logLag.observe(Math.max(0, Date.now() - Number(toMicros(last.received) / 1000n)) / 1000);
      attended.forEach((done) => done());
      moves.wake();
    }
  };
  const nextStretch = async (after: Position, head: Position): Promise<{ stretch: Stretch; upTo: Position }> => {
    const end = Math.min(head, after + longest) as Position;
    const known = own.stretch(after, end);
    if (known !== null) return { stretch: known, upTo: end };
    const { limit } = portion;
    const stretch = await readLog(database, { after, head, limit });
    const { events, bytes } = stretch;
    portion.saw(
      events.length,
      bytes.reduce((sum, each) => sum + each, 0),
    );
    return { stretch, upTo: events.length < limit ? head : (events.at(-1)?.position ?? head) };
  };
  const hasNews = (): boolean => lookAgain || (recent !== null && offeredHead > recent.head);
  const lookUntilQuiet = async (): Promise<void> => {
    looking = true;
    try {
      while (hasNews() && followers > 0 && !stopping.signal.aborted) {
        const asks = lookAgain || recent === null;
        lookAgain = false;
        const head = asks ? await heads.head() : offeredHead;
        recent ??= new Recent(head, bounds);
        await moveTo(head, recent);
        failing = false;
      }
    } catch (error) {
      forgetOwn();
      // The poll tries again. One line for one outage.
      if (!failing) logger.warn({ err: error }, 'the log cannot be followed for now');
      failing = true;
    } finally {
      looking = false;
      if (followers === 0) idle();
    }
  };
  const forgetOwn = (): void => {
    own.clear();
    offeredHead = 0 as Position;
  };
  const idle = (): void => {
    recent = null;
    forgetOwn();
  };
  const start = (): void => {
    if (!looking && followers > 0) looked = lookUntilQuiet();
  };
  const look = (): void => {
    lookAgain = true;
    start();
  };

  /** One for all who follow, since there may be very many. */
  const following: Disposable = {
    [Symbol.dispose]() {
      followers -= 1;
      if (followers === 0 && !looking) idle();
    },
  };

  // What is stored here is offered.
  const stopListening = wakeups.listen((from) => from === 'here' || look());
  const poll = setInterval(look, pollMs);
  stopping.signal.addEventListener('abort', () => {
    clearInterval(poll);
    stopListening();
    moves.wake();
  });

  return {
    async follow() {
      followers += 1;
      const head = await heads.head().catch((error: unknown) => {
        followers -= 1;
        throw error;
      });
      recent ??= new Recent(head, bounds);
      return following;
    },
    recentAfter: (position, limit) => recent?.after(position, limit) ?? null,
    recentAt: (position) => recent?.at(position) ?? null,
    forget: (upTo) => recent?.forget(upTo),
    attend: (attendant) => void attendants.push(attendant),
    wantsOwn: () => followers > 0,
    offer(events, head) {
      if (followers === 0) return;
      if (recent === null) return look();
      own.offer(events);
      offeredHead = Math.max(offeredHead, head) as Position;
      start();
    },
    stopped: stopping.signal,
    head: () => recent?.head ?? (0 as Position),
    moves,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looked;
    },
  };
}

/** What memory keeps: enough that a subscriber who hesitates for a second need not read from the database. */
const usualBounds: RecentBounds = { events: 10_000, bytes: 32 * 1024 * 1024 };
/** Events that are attended to at once. */
const longest = 1000;
/** How late an event can be whose wake-up was lost. */
const pollMs = 500;
