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
import type { Wakeups } from './wakeups.ts';

/**
 * Makes the digests of the log, behind its head.
 *
 * Assumes: the log up to a head never changes. Promises: every chapter of events gets its digests in time, the same
 * whichever process makes them, so that processes may race: one stores them, the other steps back. Takes at most half of
 * its time, in small pieces, since clients go first. Does not promise how far behind the head digests end; whoever reads
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
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export function startDigesting({ database, heads, wakeups, metrics, logger }: DigestingParts): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake: (() => void) | null = null;
  let upTo: Position | null = null;
  /** The head must have come so far before there can be a whole chapter. */
  let enoughAt = 0;

  /** Digests what there is; answers how long to wait before looking again, if nobody wakes it. */
  const look = async (): Promise<number> => {
    upTo ??= await digestedTo(database);
    for (let head = await heads.head(); !signal.aborted && head >= Math.max(enoughAt, upTo + length);) {
      const began = performance.now();
      const { events } = await readLog(database, { after: upTo, head, limit: length });
      if (events.length < length) {
        enoughAt = head + length - events.length;
        break;
      }
      if (!(await storeChapter(database, await digested(events)))) {
        upTo = null;
        return standBackMs;
      }
      upTo = events.at(-1)?.position ?? upTo;
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
    },
  };
}

/** In pieces, so that others have their turn. */
async function digested(events: readonly StoredEvent[]): Promise<Chapter> {
  const digester = createDigester();
  for (let at = 0; at < events.length; at += stretchLength) {
    digester.add(events.slice(at, at + stretchLength));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return digester.chapter();
}

const length = stretchLength * chapterLength;
const restMs = 50;
const pollMs = 1000;
/** Another process is at it. */
const standBackMs = 2000;
