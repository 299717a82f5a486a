import type { Logger } from 'pino';
import { origin, type Position } from '../event/cursor.ts';
import { rowGroupBlocks, createRowGroupBuilder, blockEvents, type RowGroup } from '../skip-index/row-group.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database/database.ts';
import { readIndexPosition, storeRowGroup } from '../store/skip-index/row-groups.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { AdaptiveLimit } from '../store/database/adaptive-limit.ts';
import { sleep } from '../concurrency/sleep.ts';
import { ReadAhead } from './read-ahead.ts';
import type { Tail } from '../log/tail.ts';
import type { Notifications } from '../log/notifications.ts';

/**
 * Makes the digests of the log, behind its head.
 *
 * Assumes: the log up to a head never changes. Promises: every chapter of events gets its digests in time, the same
 * whichever process makes them, so that processes may race: one stores them, the other steps back. Takes at most half of
 * its time, in small pieces, since clients go first; but the further it is behind, the less it rests and the larger are its
 * pieces, until those who emit more than can be digested for long are slowed down by it. Does not promise how far behind the
 * head digests end; whoever reads looks at the events behind them one by one.
 *
 *             wake-up, poll            a chapter or more             lost a race
 *   waiting ---------------> looking ------------------> digesting --------------> standing back
 *      ^------------------------'  too few events            '-> looking              '-> looking
 */
export interface IndexerParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly notifications: Notifications;
  readonly tail: Tail;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What makes digests; when disposed of, it has stopped. */
export interface Indexer extends AsyncDisposable {
  /** Whether digests are so far behind that nobody who makes them rests any more: whoever emits should leave them more. */
  readonly isFarBehind: boolean;
}

/** Starts to digest; so many events behind the head it does not rest any more. */
export function startIndexer(
  { database, heads, notifications, tail, metrics, logger }: IndexerParts,
  fullSpeedLagEvents: number = defaultFullSpeedLagEvents[database.kind],
): Indexer {
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake: (() => void) | null = null;
  let indexedTo: Position | null = null;
  let following: Disposable | null = null;
  let isFarBehind = false;
  const adaptiveLimit = new AdaptiveLimit(rowGroupEvents, readBytes);
  /** The head must have come so far before there can be a whole chapter. */
  let minHead = 0;

  /** Digests what there is; answers how long to wait before looking again, if nobody wakes it. */
  const indexPending = async (): Promise<number> => {
    // Reading costs the embedded database more than anything else about digests, and all events are this process's own.
    if (database.kind === 'embedded') following ??= await tail.follow();
    let end = (indexedTo ??= await readIndexPosition(database));
    const log = new ReadAhead({ database, tail, adaptiveLimit }, end);
    let storing = Promise.resolve(true);
    try {
      const isDue = (head: Position): boolean => {
        metrics.indexLagEvents.set(Math.max(0, head - end));
        return head >= Math.max(minHead, end + rowGroupEvents);
      };
      for (let head = await heads.head(); isDue(head) && !signal.aborted;) {
        const startedAt = performance.now();
        // Little for long, so that a burst is hardly slower.
        const urgency = Math.min(1, (head - end) / fullSpeedLagEvents) ** 2;
        isFarBehind = urgency === 1;
        const nextHead = markHandled(heads.head());
        const { rowGroup, events } = await nextRowGroup(log, { head, blocksPerSlice: Math.ceil(urgency * rowGroupBlocks) });
        if (rowGroup === null) {
          minHead = head + rowGroupEvents - events;
          break;
        }
        if (!(await storing)) break;
        end = endOf(rowGroup);
        storing = markHandled(store(rowGroup)); // the next one is made meanwhile
        if (urgency < 1) {
          if (!(await storing)) break;
          await sleep((performance.now() - startedAt) * (1 - urgency), signal);
        }
        head = await nextHead;
      }
      if (!(await storing)) return lostRaceDelayMs; // and whoever is at it may still be far behind
      isFarBehind = false;
      return pollIntervalMs;
    } finally {
      await storing.catch(() => undefined);
    }
  };

  /** Answers whether this process stored it, and not another one. */
  const store = async (rowGroup: RowGroup): Promise<boolean> => {
    const stored = await storeRowGroup(database, rowGroup);
    indexedTo = stored ? endOf(rowGroup) : null;
    if (indexedTo !== null) metrics.indexPosition.set(indexedTo);
    return stored;
  };

  const run = async (): Promise<void> => {
    let failing = false;
    while (!signal.aborted) {
      let waitMs = pollIntervalMs;
      try {
        waitMs = await indexPending();
        failing = false;
      } catch (error) {
        indexedTo = null;
        isFarBehind = false;
        if (!failing) logger.warn({ err: error }, 'the log cannot be digested for now');
        failing = true;
      }
      const woken = new AbortController();
      wake = waitMs === pollIntervalMs ? () => woken.abort() : null;
      await sleep(debounceMs, signal); // many wake-ups, one look
      await sleep(waitMs, AbortSignal.any([signal, woken.signal]));
    }
  };

  const stopListening = notifications.listen(() => wake?.());
  const running = run();
  return {
    get isFarBehind() {
      return isFarBehind;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      stopListening();
      await running;
      following?.[Symbol.dispose]();
    },
  };
}

/** The next chapter, so many stretches at once, between which others have their turn. Null: there are too few events for one. */
async function nextRowGroup(
  log: ReadAhead,
  { head, blocksPerSlice }: { readonly head: Position; readonly blocksPerSlice: number },
): Promise<{ readonly rowGroup: RowGroup | null; readonly events: number }> {
  const builder = createRowGroupBuilder();
  for (let events = 0; ;) {
    const block = await log.take(blockEvents, head);
    builder.add(block);
    events += block.length;
    if (block.length < blockEvents) return { rowGroup: null, events };
    if (events === rowGroupEvents) return { rowGroup: builder.rowGroup(), events };
    if ((events / blockEvents) % blocksPerSlice === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A promise that will be awaited later, and may fail before. */
function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function endOf({ summaries }: RowGroup): Position {
  return summaries.at(-1)?.last ?? origin;
}

const rowGroupEvents = blockEvents * rowGroupBlocks;
/** Events of a few seconds, which a query looks at one by one in some 30 ms; where reading costs much, as many as the tail remembers. */
const defaultFullSpeedLagEvents = { postgres: 64 * rowGroupEvents, embedded: 8 * rowGroupEvents } as const;
/** Of what is read at once. */
const readBytes = 4 * 1024 * 1024;
const debounceMs = 50;
const pollIntervalMs = 1000;
/** Another process is at it. */
const lostRaceDelayMs = 2000;
