import type { Logger } from 'pino';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../event/filter.ts';
import { pause } from '../log/pause.ts';
import type { Tail } from '../log/tail.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database.ts';
import type { HeadReader } from '../store/head.ts';
import { readPages } from '../store/pages.ts';
import { matchingEvents } from './matching-events.ts';
import { pulled } from './pulled.ts';

/**
 * A subscription: one cursor that moves along the log, when its client asks for the next event.
 *
 * Assumes: a tail that passes every event once, in order. Promises: every event after `after` that matches, in log
 * order, once; an event in memory and one from the database are the same step of the cursor, so there is no seam
 * between history and the present; what a client has not asked for costs no memory beyond one page. Does not promise
 * speed to a client that is slow. A database that is away only makes it wait.
 */
export interface SubscriptionParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly tail: Tail;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Events after `after` (from the head at the call, when null) that match. */
export async function subscribeToEvents(
  parts: SubscriptionParts,
  filter: Condition,
  after: Position | null,
): Promise<AsyncIterableIterator<StoredEvent>> {
  const { tail, heads, metrics, logger } = parts;
  const following = await tail.follow();
  let cursor: Position;
  try {
    cursor = after ?? (await heads.head());
  } catch (error) {
    following[Symbol.dispose]();
    throw error;
  }
  metrics.subscriptions.inc();
  const ready: StoredEvent[] = [];

  /** Moves the cursor one step; what matched on the way is ready. */
  const step = async (signal: AbortSignal): Promise<void> => {
    const recent = tail.recentAfter(cursor, scanned);
    if (recent === null) {
      const { events, upTo } = await readStored(parts, filter, cursor);
      ready.push(...events);
      cursor = upTo;
    } else if (recent.length === 0) {
      await tail.movedBeyond(cursor, signal);
    } else {
      ready.push(...(await matchingEvents(parts.database, filter, recent)));
      cursor = recent.at(-1)?.position ?? cursor;
      if (ready.length === 0) await new Promise((resolve) => setImmediate(resolve)); // others' turn
    }
  };

  return pulled(
    async (signal) => {
      for (let failures = 0; ready.length === 0 && !signal.aborted && !tail.stopped.aborted;) {
        try {
          await step(signal);
          failures = 0;
        } catch (error) {
          if (failures === 0) logger.warn({ err: error }, 'a subscription waits for the database');
          failures += 1;
          await pause(Math.min(firstPauseMs * 2 ** failures, longestPauseMs), signal);
        }
      }
      const event = ready.shift() ?? null;
      if (event !== null) metrics.delivered.inc();
      return event;
    },
    () => {
      following[Symbol.dispose]();
      metrics.subscriptions.dec();
    },
  );
}

async function readStored(
  { database, heads }: SubscriptionParts,
  filter: Condition,
  after: Position,
): Promise<{ events: readonly StoredEvent[]; upTo: Position }> {
  const head = await heads.head();
  const request = { filter, order: 'LOG', head, after: { position: after }, limit: page, backward: false } as const;
  const [found] = await readPages(database, request, everyEvent);
  const events = found?.events ?? [];
  return { events, upTo: found?.more === true ? (events.at(-1)?.position ?? head) : head };
}

const everyEvent = { tie: 'EVERYTHING', keys: [''] } as const;
/** Events read from the database at once for a subscription that is further back than memory. */
const page = 100;
/** Events in memory looked at in one turn of the event loop. */
const scanned = 1000;
const firstPauseMs = 100;
const longestPauseMs = 3000;
