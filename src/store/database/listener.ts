import { setTimeout as after } from 'node:timers/promises';
import { openConnection, type ConnectionOptions } from './connection.ts';

export interface ListenOptions {
  readonly channel: string;
  readonly onNotification: (payload: string) => void;
  /** Called whenever a connection listens anew: before that, something may have been missed. */
  readonly onReconnect: () => void;
}

/**
 * Hears what is sent with NOTIFY, on a connection of its own, which is opened again when it breaks. Resolves once it
 * listens; throws what the database says when it does not let in the first time.
 */
export async function listenOn(
  options: ConnectionOptions,
  { channel, onNotification, onReconnect }: ListenOptions,
): Promise<AsyncDisposable> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const open = async (): Promise<{ broken: Promise<void> } & AsyncDisposable> => {
    const connection = await openConnection({ ...options, onnotify: (_, payload) => onNotification(payload) });
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
      const next = await reopen(open, signal);
      if (next === null) return;
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

async function reopen<T>(open: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
  for (let delayMs = initialDelayMs; !signal.aborted; delayMs = Math.min(2 * delayMs, maxDelayMs)) {
    try {
      return await open();
    } catch {
      // Whoever needs the database for more says that it is away.
      await after(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
}

const initialDelayMs = 100;
const maxDelayMs = 2000;
