import type { Logger } from 'pino';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database.ts';
import type { HeadReader } from '../store/head.ts';
import { readLog } from '../store/log-stretch.ts';
import { Recent, type RecentBounds } from './recent.ts';
import { Waiters } from './waiters.ts';
import type { Wakeups } from './wakeups.ts';

/**
 * The tail: this process's one reader of the log's end, on behalf of everybody who listens.
 *
 * Assumes: `heads` as log-order promises them; wake-ups that may be lost. Promises: while somebody follows, every
 * event of the log passes through here once, in order; the recent ones stay in bounded memory; `head` never goes
 * back. Does not promise: that any event is still in memory. Reads nothing while nobody follows.
 *
 *        follow                    wake-up, poll                       last one left
 *   idle ------> following at head ------------> reading up to a head ---------------> idle
 */
export interface Tail extends AsyncDisposable {
  /** Counts as a listener until disposed of, once for each call; resolves once the tail stands at a head that was read after the call. */
  follow(): Promise<Disposable>;
  /** Events after `position` that are in memory (none: it is at the tail's head); null: read them from the database. */
  recentAfter(position: Position, limit: number): readonly StoredEvent[] | null;
  /** The event at a place, if it is in memory. */
  recentAt(position: Position): StoredEvent | null;
  head(): Position;
  /** Hands every stretch of events to `attendant` before the head moves over it; what that answers with is called after. */
  attend(attendant: Attendant): void;
  /** Aborts when the tail stops: then nothing moves any more. */
  readonly stopped: AbortSignal;
  /** Woken when the head has moved, and when the tail stops. */
  readonly moves: Waiters;
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
  let looked: Promise<void> = Promise.resolve();
  let lookAgain = false;
  let looking = false;
  let failing = false;

  const lookOnce = async (): Promise<void> => {
    const head = await heads.head();
    recent ??= new Recent(head, bounds);
    while (recent.head < head) {
      const { events, bytes } = await readLog(database, { after: recent.head, head, limit: stretch });
      const upTo = events.length < stretch ? head : (events.at(-1)?.position ?? head);
      const attended = await Promise.all(attendants.map((attendant) => attendant(events, upTo)));
      recent.extend(events, bytes, upTo);
      metrics.head.set(recent.head);
      attended.forEach((done) => done());
      moves.wake();
    }
  };
  const lookUntilQuiet = async (): Promise<void> => {
    looking = true;
    try {
      while (lookAgain && followers > 0 && !stopping.signal.aborted) {
        lookAgain = false;
        await lookOnce();
        failing = false;
      }
    } catch (error) {
      // The poll tries again. One line for one outage.
      if (!failing) logger.warn({ err: error }, 'the log cannot be followed for now');
      failing = true;
    } finally {
      looking = false;
      if (followers === 0) recent = null;
    }
  };
  const look = (): void => {
    lookAgain = true;
    if (!looking && followers > 0) looked = lookUntilQuiet();
  };

  /** One for all who follow, since there may be very many. */
  const following: Disposable = {
    [Symbol.dispose]() {
      followers -= 1;
      if (followers === 0 && !looking) recent = null;
    },
  };

  const stopListening = wakeups.listen(look);
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
    attend: (attendant) => void attendants.push(attendant),
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
const stretch = 1000;
/** How late an event can be whose wake-up was lost. */
const pollMs = 500;
