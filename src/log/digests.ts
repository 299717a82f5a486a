import type { Logger } from 'pino';
import type { Position } from '../event/cursor.ts';
import { chapterLength, createDigester, stretchLength, type Chapter } from '../event/digest.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database.ts';
import { digestedTo, storeChapter } from '../store/digests.ts';
import type { HeadReader } from '../store/head.ts';
import { readLog } from '../store/log-stretch.ts';
import { pause } from './pause.ts';
import type { Tail } from './tail.ts';
import type { Wakeups } from './wakeups.ts';

/**
 * Makes the digests of the log, behind its head.
 *
 * Assumes: the log up to a head never changes. Promises: every chapter of events gets its digests in time, the same
 * whichever process makes them, so that processes may race: one stores them, the other steps back. Takes at most half of
 * its time, in small pieces, since clients go first; what the tail remembers is not read. Does not promise how far behind the head digests end; whoever reads
 * looks at the events behind them one by one.
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

export function startDigesting({ database, heads, wakeups, tail, metrics, logger }: DigestingParts): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake: (() => void) | null = null;
  let upTo: Position | null = null;
  let following: Disposable | null = null;
  /** The head must have come so far before there can be a whole chapter. */
  let enoughAt = 0;

  /** Digests what there is; answers how long to wait before looking again, if nobody wakes it. */
  const look = async (): Promise<number> => {
    // Reading costs the embedded database more than anything else about digests, and all events are this process's own.
    if (database.kind === 'embedded') following ??= await tail.follow();
    upTo ??= await digestedTo(database);
    for (let head = await heads.head(); !signal.aborted && head >= Math.max(enoughAt, upTo + length);) {
      const began = performance.now();
      const { events, chapter, end } = await digested({ database, tail }, upTo, head);
      if (events < length) {
        enoughAt = head + length - events;
        break;
      }
      if (!(await storeChapter(database, chapter))) {
        upTo = null;
        return standBackMs;
      }
      upTo = end;
      metrics.digested.set(upTo);
      await pause(performance.now() - began, signal);
    }
    return pollMs;
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
    async [Symbol.asyncDispose]() {
      stopping.abort();
      stopListening();
      await running;
      following?.[Symbol.dispose]();
    },
  };
}

interface Digested {
  readonly events: number;
  readonly chapter: Chapter;
  readonly end: Position;
}

/** The next chapter; stretch by stretch, since events may be large, and so that others have their turn. */
async function digested(from: Pick<DigestingParts, 'database' | 'tail'>, after: Position, head: Position): Promise<Digested> {
  const digester = createDigester();
  let [end, count] = [after, 0];
  while (count < length) {
    const events = await stretchAfter(from, end, head);
    digester.add(events);
    count += events.length;
    end = events.at(-1)?.position ?? end;
    if (events.length < stretchLength) break;
  }
  return { events: count, chapter: digester.chapter(), end };
}

async function stretchAfter(
  { database, tail }: Pick<DigestingParts, 'database' | 'tail'>,
  after: Position,
  head: Position,
): Promise<readonly StoredEvent[]> {
  const remembered = tail.recentAfter(after, stretchLength);
  // The tail may be behind; then what it remembers ends too early.
  if (remembered?.length === stretchLength) return remembered;
  return (await readLog(database, { after, head, limit: stretchLength })).events;
}

const length = stretchLength * chapterLength;
const restMs = 50;
const pollMs = 1000;
/** Another process is at it. */
const standBackMs = 2000;
