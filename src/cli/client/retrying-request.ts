import { setTimeout as pause } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { post } from './request.ts';

/** How long a server may be away before the question is given up. */
export interface Patience {
  readonly ms: number;
  /** Told once for each time that the server is away. */
  readonly onAway: (reason: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Asks until the server answers, with growing pauses; so the operation must be one that may be repeated. Throws
 * UNAVAILABLE when patience is at an end, and what the server refuses.
 */
export async function ask<T>(endpoint: Endpoint, body: string, { ms, onAway, signal }: Patience): Promise<T> {
  let deadline = Infinity;
  for (let failures = 0; ; failures += 1) {
    const left = Math.max(deadline - performance.now(), shortestAttemptMs);
    const limit = AbortSignal.timeout(Math.ceil(Math.min(left, longestAttemptMs)));
    const answer = await post(endpoint, body, signal === undefined ? limit : AbortSignal.any([signal, limit]));
    signal?.throwIfAborted();
    if ('data' in answer) return answer.data as T;
    if ('refused' in answer) throw answer.refused;
    if (failures === 0) {
      onAway(answer.away);
      deadline = performance.now() + ms;
    }
    const wait = pauseAfter(failures);
    if (performance.now() + wait > deadline) {
      const message = `${endpoint.shown} could not be reached for ${ms / 1000} s (${answer.away}); start the server, or set --url to where it is`;
      throw new TidingsError('UNAVAILABLE', message);
    }
    await pause(wait, undefined, signal === undefined ? {} : { signal });
  }
}

/** Milliseconds to wait after so many failures, with some chance in it, so that many clients do not come back at once. */
export function pauseAfter(failures: number): number {
  return Math.min(firstPauseMs * 2 ** failures, longestPauseMs) * (0.5 + Math.random() / 2);
}

const firstPauseMs = 100;
const longestPauseMs = 2000;
const shortestAttemptMs = 1000;
/** Longer than the server lets a statement run, so that a slow answer is still heard. */
const longestAttemptMs = 60_000;
