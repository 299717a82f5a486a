import type { Logger } from 'pino';
import { sleep } from '../concurrency/sleep.ts';
import { runInSlices, yieldToEventLoop } from '../concurrency/time-slices.ts';
import { origin, type Position } from '../event/cursor.ts';
import type { Notifications } from '../log/notifications.ts';
import type { Tail } from '../log/tail.ts';
import type { Metrics } from '../metrics.ts';
import { blockEvents, createRowGroupBuilder, rowGroupBlocks, type RowGroup } from '../skip-index/row-group.ts';
import { AdaptiveLimit } from '../store/log/adaptive-limit.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { readIndexPosition, storeRowGroup } from '../store/skip-index/row-groups.ts';
import { ReadAhead } from './read-ahead.ts';

/**
 * Builds the skip index of the log, behind its head.
 *
 * Assumes: the log up to a head never changes.
 *
 * Guarantees: every row group of events is indexed in time, with the same result in every process.
 * So processes may race: one stores the row group, the other waits. Takes at most half of the time,
 * in small slices, since requests have priority. The larger the lag, the shorter the waits and the
 * larger the slices; so a client that emits more than can be indexed for long is slowed down.
 *
 * Does not guarantee: a limit to the lag. Queries scan the events that are not indexed yet.
 *
 *          notification, poll           a row group or more            lost a race
 *   waiting ------------------> checking -----------------> indexing -------------> waiting longer
 *      ^------------------------'  too few events              '-> checking            '-> checking
 */
export interface IndexerParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly notifications: Notifications;
  readonly tail: Tail;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** A running indexer; disposing stops it and waits for the end. */
export interface Indexer extends AsyncDisposable {
  /**
   * Whether the lag is so large that the indexer no longer waits between row groups; then emitting
   * should be throttled.
   */
  readonly isFarBehind: boolean;
}

/**
 * Starts an indexer. From a lag of `fullSpeedLagEvents` on, it does not wait between row groups.
 */
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
  /** Below this head there cannot be a complete row group. */
  let minHead = 0;

  /**
   * Indexes the complete row groups; returns the time to wait before the next check, unless a
   * notification comes first.
   */
  const indexPending = async (): Promise<number> => {
    // For the embedded database, reading is the largest cost of indexing, and this process has
    // appended all events.
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
        // Low for a small lag, so that a burst is hardly slowed down.
        const urgency = Math.min(1, (head - end) / fullSpeedLagEvents) ** 2;
        isFarBehind = urgency === 1;
        const nextHead = markHandled(heads.head());
        const pace = { blocksPerSlice: Math.ceil(urgency * rowGroupBlocks), restMs: maxRestMs * (1 - urgency) };
        const { rowGroup, events } = await nextRowGroup(log, { head, pace });
        if (rowGroup === null) {
          minHead = head + rowGroupEvents - events;
          break;
        }
        if (!(await storing)) break;
        end = endOf(rowGroup);
        storing = markHandled(store(rowGroup)); // the next one is built meanwhile
        if (urgency < 1) {
          if (!(await storing)) break;
          await sleep((performance.now() - startedAt) * (1 - urgency), signal);
        }
        head = await nextHead;
      }
      if (!(await storing)) return lostRaceDelayMs; // isFarBehind stays, since the other process may be far behind too
      isFarBehind = false;
      return pollIntervalMs;
    } finally {
      await storing.catch(() => undefined);
    }
  };

  /** Returns whether this process stored it, and no other one. */
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
        if (!failing) logger.warn({ err: error }, 'the log cannot be indexed at the moment');
        failing = true;
      }
      const woken = new AbortController();
      // Once: each call of `abort` makes an error, with its stack.
      const wakeOnce = (): void => {
        wake = null;
        woken.abort();
      };
      wake = waitMs === pollIntervalMs ? wakeOnce : null;
      await sleep(debounceMs, signal); // one check for many notifications
      await sleep(waitMs, AbortSignal.any([signal, woken.signal]));
    }
  };

  /** Whether this process knows of a complete row group. Reading the head each time takes longer than an append. */
  const isKnownDue = (): boolean => indexedTo === null || heads.known() >= Math.max(minHead, indexedTo + rowGroupEvents);
  const stopListening = notifications.listen((source) => {
    if (source === 'elsewhere' || isKnownDue()) wake?.();
  });
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

interface Pace {
  readonly blocksPerSlice: number;
  /**
   * The pause between slices. An emission takes about ten turns of the event loop, and would wait
   * for a slice in each if they only yielded.
   */
  readonly restMs: number;
}

/** Builds the next row group in slices. Null: there are too few events for one. */
async function nextRowGroup(
  log: ReadAhead,
  { head, pace: { blocksPerSlice, restMs } }: { readonly head: Position; readonly pace: Pace },
): Promise<{ readonly rowGroup: RowGroup | null; readonly events: number }> {
  const builder = createRowGroupBuilder();
  const rest = (): Promise<void> => (restMs < 1 ? yieldToEventLoop() : sleep(restMs));
  for (let events = 0; ;) {
    const block = await log.take(blockEvents, head);
    await runInSlices(builder.add(block));
    events += block.length;
    if (block.length < blockEvents) return { rowGroup: null, events };
    if (events === rowGroupEvents) break;
    if ((events / blockEvents) % blocksPerSlice === 0) await rest();
  }
  await rest();
  const rowGroup = builder.rowGroup();
  await rest();
  return { rowGroup, events: rowGroupEvents };
}

/** Marks a promise as handled that is awaited later, and may reject before. */
function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function endOf({ summaries }: RowGroup): Position {
  return summaries.at(-1)?.last ?? origin;
}

const rowGroupEvents = blockEvents * rowGroupBlocks;
/**
 * Postgres: the events of a few seconds, which a query scans in some 30 ms. Embedded: the size of
 * the tail's buffer, since reading events from the database costs much.
 */
const defaultFullSpeedLagEvents = { postgres: 64 * rowGroupEvents, embedded: 8 * rowGroupEvents } as const;
/** The size of one read. */
const readBytes = 4 * 1024 * 1024;
const debounceMs = 50;
/** Longer than an emission takes. */
const maxRestMs = 5;
const pollIntervalMs = 1000;
/** The wait after another process has stored the row group. */
const lostRaceDelayMs = 2000;
