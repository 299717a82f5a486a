import { retry } from '../../concurrency/retry.ts';
import type { Connection, DriverOptions } from './connection.ts';

export interface ListenOptions {
  readonly channel: string;
  readonly onNotification: (payload: string) => void;
  /**
   * Called each time a connection starts to listen; notifications before that may have been missed.
   */
  readonly onReconnect: () => void;
}

/**
 * Receives notifications on a connection of its own, and reopens that when it breaks. Resolves once
 * it listens; throws the error of the first attempt to connect.
 */
export async function listenOn(
  openConnection: (options: Pick<DriverOptions, 'onnotify'>) => Promise<Connection>,
  { channel, onNotification, onReconnect }: ListenOptions,
): Promise<AsyncDisposable> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const open = async (): Promise<{ broken: Promise<void> } & AsyncDisposable> => {
    const connection = await openConnection({ onnotify: (_, payload) => onNotification(payload) });
    await connection.client`listen ${connection.client(channel)}`;
    onReconnect();
    const broken = new Promise<void>((resolve) => {
      connection.broken.addEventListener('abort', () => resolve());
      if (connection.broken.aborted) resolve();
    });
    return { broken, [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
  };
  let current = await open();
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const run = async (): Promise<void> => {
    for (;;) {
      await Promise.race([current.broken, stopped]);
      await current[Symbol.asyncDispose]();
      if (signal.aborted) return;
      // Not logged: callers that need the database report that it is unreachable.
      const next = await retry(open, { backoff, signal });
      if (next === 'CANCELLED') return;
      current = next;
    }
  };
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

const backoff = { initialDelayMs: 100, maxDelayMs: 2000 } as const;
