import { setTimeout as after } from 'node:timers/promises';
import { openConnection, type ConnectionOptions } from './connection.ts';

export interface Listening {
  readonly channel: string;
  readonly heard: (payload: string) => void;
  /** Called whenever a connection listens anew: before that, something may have been missed. */
  readonly began: () => void;
}

/**
 * Hears what is sent with NOTIFY, on a connection of its own, which is opened again when it breaks. Resolves once it
 * listens; throws what the database says when it does not let in the first time.
 */
export async function listenOn(options: ConnectionOptions, { channel, heard, began }: Listening): Promise<AsyncDisposable> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const open = async (): Promise<{ over: Promise<void> } & AsyncDisposable> => {
    const connection = await openConnection({ ...options, onnotify: (_, payload) => heard(payload) });
    await connection.client`listen ${connection.client(channel)}`;
    began();
    const over = new Promise<void>((resolve) => {
      connection.broken.addEventListener('abort', () => resolve());
      if (connection.broken.aborted) resolve();
    });
    return { over, [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
  };
  let current = await open();
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const run = async (): Promise<void> => {
    for (;;) {
      await Promise.race([current.over, stopped]);
      await current[Symbol.asyncDispose]();
      if (signal.aborted) return;
      const next = await openAgain(open, signal);
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

async function openAgain<T>(open: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
  for (let wait = firstWaitMs; !signal.aborted; wait = Math.min(2 * wait, longestWaitMs)) {
    try {
      return await open();
    } catch {
      // Whoever needs the database for more says that it is away.
      await after(wait, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
}

const firstWaitMs = 100;
const longestWaitMs = 2000;
