import type { Logger } from 'pino';
import type { Position } from '../event/cursor.ts';
import { createDigester, stretchLength } from '../event/digest.ts';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database.ts';
import { digestedTo, storeDigests } from '../store/digests.ts';
import type { HeadReader } from '../store/head.ts';
import { readLog } from '../store/log-stretch.ts';
import { pause } from './pause.ts';
import type { Wakeups } from './wakeups.ts';

/**
 * Makes the digests of the log, behind its head.
 *
 * Assumes: the log up to a head never changes. Promises: every stretch of events gets its digests in time, each the
 * same whichever process makes them, so that processes may race: one stores them, the other steps back. Takes at most
 * half of its time, in small pieces, since clients go first. Does not promise how far behind the head digests end;
 * whoever reads looks at the events behind them one by one.
 *
 *             wake-up, poll            a stretch or more             lost a race
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
  const digester = createDigester();
  let wake: (() => void) | null = null;
  let upTo: Position | null = null;
  /** The head must have come so far before there can be a whole stretch. */
  let enoughAt = 0;

  /** Digests what there is; answers how long to wait before looking again, if nobody wakes it. */
  const look = async (): Promise<number> => {
    upTo ??= await digestedTo(database);
    for (let head = await heads.head(); !signal.aborted && head >= Math.max(enoughAt, upTo + stretchLength);) {
      const began = performance.now();
      const { events } = await readLog(database, { after: upTo, head, limit: stretchLength * stretchesAtOnce });
      const stretches = Array.from({ length: Math.floor(events.length / stretchLength) }, (_, n) =>
        events.slice(n * stretchLength, (n + 1) * stretchLength),
      );
      const digests = [];
      for (const stretch of stretches) {
        digests.push(...digester.digestsOf(stretch));
        await new Promise((resolve) => setImmediate(resolve)); // others' turn
      }
      if (events.length < stretchLength) enoughAt = head + stretchLength - events.length;
      if (digests.length === 0) break;
      if (!(await storeDigests(database, digests))) {
        upTo = null;
        return standBackMs;
      }
      upTo = digests.at(-1)?.last ?? upTo;
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

const stretchesAtOnce = 8;
const restMs = 50;
const pollMs = 1000;
/** Another process is at it. */
const standBackMs = 2000;
