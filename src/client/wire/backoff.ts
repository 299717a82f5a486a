import type { TidingsError } from './client-error.ts';

export interface RetryOptions {
  /** The first delay; 200 by default. */
  readonly minMs?: number;
  /** The longest delay; 30,000 by default. */
  readonly maxMs?: number;
  /** Time after which events that could not be sent are given back; Infinity by default. */
  readonly forMs?: number;
}

/**
 * The retry clock of a client. All its streams and its queue share it, so that an outage costs the
 * server one attempt of each per delay, whatever their number.
 *
 * Guarantees a pause before every further attempt, also if each connection succeeds and fails at
 * once: only a connection that lasted longer than the delay resets it.
 */
export interface Backoff {
  /** The time to wait after a failure. `lastedMs`: how long the connection was good. */
  delayAfter(error: TidingsError, lastedMs: number): number;
  /** Waits until then, until the signal aborts, or until `wake`. */
  wait(ms: number, options: { readonly signal: AbortSignal; readonly keepsAlive: boolean }): Promise<void>;
  wake(): void;
}

export function createBackoff({ minMs = 200, maxMs = 30_000 }: RetryOptions): Backoff {
  let failures = 0;
  let until = 0;
  const waiting = new Set<() => void>();
  return {
    delayAfter({ retryAfterMs }, lastedMs) {
      const now = Date.now();
      const delay = Math.min(minMs * 2 ** failures, maxMs);
      if (lastedMs > delay) failures = 0;
      // Failures during one delay are one failure of the server.
      if (now >= until) {
        until = now + Math.min(minMs * 2 ** failures, maxMs) * (0.5 + Math.random() / 2);
        failures += 1;
      }
      return Math.max(until - now, retryAfterMs ?? 0, minMs / 2);
    },
    wait: (ms, { signal, keepsAlive }) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          waiting.delete(end);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        if (!keepsAlive) unref(timer);
        waiting.add(end);
        signal.addEventListener('abort', end);
        if (signal.aborted) end();
      }),
    wake: () => waiting.forEach((end) => end()),
  };
}

/** In Node a timer keeps the process alive, unless it is unreferenced. Those of browsers are numbers. */
export function unref(timer: unknown): void {
  (timer as { unref?: () => void }).unref?.();
}
