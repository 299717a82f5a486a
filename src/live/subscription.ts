import type { Logger } from 'pino';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import { patternCharacters } from '../event/effort.ts';
import type { Condition } from '../event/filter.ts';
import type { Metrics } from '../metrics.ts';
import { persist } from './persist.ts';
import { pulled } from './pulled.ts';
import { createWalk, type WalkParts } from './walk.ts';
import type { Watches } from './watches.ts';

/**
 * A subscription: one cursor that moves along the log, when its client asks for the next event.
 *
 * Assumes: a tail that passes every event once, in order. Promises: every event after `after` that matches, in log
 * order, once; an event in memory and one from the database are the same step of the cursor, so there is no seam
 * between history and the present; what a client has not asked for costs no memory beyond one page. Does not promise
 * speed to a client that is slow. A database that is away only makes it wait.
 */
export interface SubscriptionParts extends WalkParts {
  readonly watches: Watches;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Events after `after` (from the head at the call, when null) that match. */
export async function subscribeToEvents(
  parts: SubscriptionParts,
  filter: Condition,
  after: Position | null,
): Promise<AsyncIterableIterator<StoredEvent>> {
  const { tail, heads, watches, metrics, logger } = parts;
  const following = await tail.follow();
  let cursor: Position;
  try {
    cursor = after ?? (await heads.head());
  } catch (error) {
    following[Symbol.dispose]();
    throw error;
  }
  metrics.subscriptions.inc();
  const walk = createWalk(parts, { filter, page });
  // Filters that may take long to read in memory are read for one event at a time, aside.
  const watch = patternCharacters(filter) > mostWatched ? null : watches.watch(filter);
  const ready: StoredEvent[] = [];

  /** Moves the cursor one step; what matched on the way is ready. */
  const step = async (signal: AbortSignal): Promise<void> => {
    const places = watch?.after(cursor) ?? null;
    if (watch !== null && places?.length === 0) {
      // Nothing matched up to the head, where the cursor may as well be.
      cursor = Math.max(cursor, tail.head()) as Position;
      return watch.matchedAfter(cursor, signal);
    }
    const watched =
      places
        ?.slice(0, page)
        .map((place) => tail.recentAt(place))
        .filter((event) => event !== null) ?? [];
    if (places !== null && watched.length === Math.min(places.length, page)) {
      ready.push(...watched);
      cursor = watched.at(-1)?.position ?? cursor;
      return;
    }
    const { events, upTo } = (await walk.remembered(cursor)) ?? (await walk.stored(cursor));
    if (upTo === cursor) return tail.movedBeyond(cursor, signal);
    ready.push(...events);
    cursor = upTo;
    if (ready.length === 0) await new Promise((resolve) => setImmediate(resolve)); // others' turn
  };

  return pulled(
    async (signal) => {
      while (ready.length === 0 && !signal.aborted && !tail.stopped.aborted) {
        await persist(() => step(signal), { logger, signal, stopped: tail.stopped, isFinal: () => false });
      }
      const event = ready.shift() ?? null;
      if (event !== null) metrics.delivered.inc();
      return event;
    },
    () => {
      watch?.[Symbol.dispose]();
      following[Symbol.dispose]();
      metrics.subscriptions.dec();
    },
  );
}

/** Events read from the database at once for a subscription that is further back than memory. */
const page = 100;
/** Characters of all globs and search texts in a filter that is read together with the others. */
const mostWatched = 200;
