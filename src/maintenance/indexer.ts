import type { Logger } from 'pino';
import { origin, type Position } from '../event/cursor.ts';
import { chapterLength, createDigester, stretchLength, type Chapter } from '../skip-index/row-group.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database/database.ts';
import { digestedTo, storeChapter } from '../store/skip-index/row-groups.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import { Portion } from '../store/database/adaptive-limit.ts';
import { pause } from '../concurrency/sleep.ts';
import { ReadAhead } from './read-ahead.ts';
import type { Tail } from '../log/tail.ts';
import type { Wakeups } from '../log/notifications.ts';

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
export interface DigestingParts {
  readonly database: Database;
  readonly heads: HeadReader;
  readonly wakeups: Wakeups;
  readonly tail: Tail;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What makes digests; when disposed of, it has stopped. */
export interface Digesting extends AsyncDisposable {
  /** Whether digests are so far behind that nobody who makes them rests any more: whoever emits should leave them more. */
  readonly isFarBehind: boolean;
}

/** Starts to digest; so many events behind the head it does not rest any more. */
export function startDigesting(
  { database, heads, wakeups, tail, metrics, logger }: DigestingParts,
  mostBehind: number = usuallyBehind[database.kind],
): Digesting {
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake: (() => void) | null = null;
  let upTo: Position | null = null;
  let following: Disposable | null = null;
  let isFarBehind = false;
  const portion = new Portion(length, pieceBytes);
  /** The head must have come so far before there can be a whole chapter. */
  let enoughAt = 0;

  /** Digests what there is; answers how long to wait before looking again, if nobody wakes it. */
  const look = async (): Promise<number> => {
    // Reading costs the embedded database more than anything else about digests, and all events are this process's own.
    if (database.kind === 'embedded') following ??= await tail.follow();
    let end = (upTo ??= await digestedTo(database));
    const log = new ReadAhead({ database, tail, portion }, end);
    let storing = Promise.resolve(true);
    try {
      const isEnough = (head: Position): boolean => {
        metrics.undigested.set(Math.max(0, head - end));
        return head >= Math.max(enoughAt, end + length);
      };
      for (let head = await heads.head(); isEnough(head) && !signal.aborted;) {
        const began = performance.now();
        // Little for long, so that a burst is hardly slower.
        const haste = Math.min(1, (head - end) / mostBehind) ** 2;
        isFarBehind = haste === 1;
        const nextHead = foreseen(heads.head());
        const { chapter, events } = await nextChapter(log, { head, atOnce: Math.ceil(haste * chapterLength) });
        if (chapter === null) {
          enoughAt = head + length - events;
          break;
        }
        if (!(await storing)) break;
        end = endOf(chapter);
        storing = foreseen(store(chapter)); // the next one is made meanwhile
        if (haste < 1) {
          if (!(await storing)) break;
          await pause((performance.now() - began) * (1 - haste), signal);
        }
        head = await nextHead;
      }
      if (!(await storing)) return standBackMs; // and whoever is at it may still be far behind
      isFarBehind = false;
      return pollMs;
    } finally {
      await storing.catch(() => undefined);
    }
  };

  /** Answers whether this process stored it, and not another one. */
  const store = async (chapter: Chapter): Promise<boolean> => {
    const stored = await storeChapter(database, chapter);
    upTo = stored ? endOf(chapter) : null;
    if (upTo !== null) metrics.digested.set(upTo);
    return stored;
  };

  const run = async (): Promise<void> => {
    let failing = false;
    while (!signal.aborted) {
      let waitMs = pollMs;
      try {
        waitMs = await look();
        failing = false;
      } catch (error) {
        upTo = null;
        isFarBehind = false;
        if (!failing) logger.warn({ err: error }, 'the log cannot be digested for now');
        failing = true;
      }
      const woken = new AbortController();
      wake = waitMs === pollMs ? () => woken.abort() : null;
      await pause(restMs, signal); // many wake-ups, one look
      await pause(waitMs, AbortSignal.any([signal, woken.signal]));
    }
  };

  const stopListening = wakeups.listen(() => wake?.());
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
async function nextChapter(
  log: ReadAhead,
  { head, atOnce }: { readonly head: Position; readonly atOnce: number },
): Promise<{ readonly chapter: Chapter | null; readonly events: number }> {
  const digester = createDigester();
  for (let events = 0; ;) {
    const stretch = await log.take(stretchLength, head);
    digester.add(stretch);
    events += stretch.length;
    if (stretch.length < stretchLength) return { chapter: null, events };
    if (events === length) return { chapter: digester.chapter(), events };
    if ((events / stretchLength) % atOnce === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A promise that will be awaited later, and may fail before. */
function foreseen<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function endOf({ digests }: Chapter): Position {
  return digests.at(-1)?.last ?? origin;
}

const length = stretchLength * chapterLength;
/** Events of a few seconds, which a query looks at one by one in some 30 ms; where reading costs much, as many as the tail remembers. */
const usuallyBehind = { postgres: 64 * length, embedded: 8 * length } as const;
/** Of what is read at once. */
const pieceBytes = 4 * 1024 * 1024;
const restMs = 50;
const pollMs = 1000;
/** Another process is at it. */
const standBackMs = 2000;
