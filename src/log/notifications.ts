import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Database } from '../store/database/database.ts';

/**
 * Tells the processes on one database that the log may have grown. A wake-up is only ever an invitation to look
 * sooner: it carries no news, may come for nothing, and may be lost (a poll stands behind).
 */
export interface Wakeups extends AsyncDisposable {
  /** Says that events were stored: at once in this process, in the others within a few milliseconds. */
  announce(): void;
  /** Calls `look` at every wake-up, until the returned function is called. */
  listen(look: (from: Whence) => void): () => void;
}

/** Where events were stored: in this process or in another one, or perhaps in another one. */
type Whence = 'here' | 'elsewhere';

export async function startWakeups(database: Database, logger: Logger): Promise<Wakeups> {
  const lookers = new Set<(from: Whence) => void>();
  const wakeHere = (): void => lookers.forEach((look) => look('here'));
  if (database.kind === 'embedded') {
    return { announce: wakeHere, listen: listenIn(lookers), [Symbol.asyncDispose]: async () => undefined };
  }

  const wake = (): void => lookers.forEach((look) => look('elsewhere'));
  const own = randomUUID();
  const listening = await database.listen({ channel, heard: (sender) => sender === own || wake(), began: wake });
  let announcing: NodeJS.Timeout | null = null;
  const send = (): void => {
    announcing = null;
    database.notify(channel, own).catch((error: unknown) => logger.info({ err: error }, 'a wake-up was not sent'));
  };
  return {
    announce() {
      wakeHere();
      announcing ??= setTimeout(send, coalesceMs);
    },
    listen: listenIn(lookers),
    async [Symbol.asyncDispose]() {
      if (announcing !== null) {
        clearTimeout(announcing);
        send();
      }
      await listening[Symbol.asyncDispose]();
    },
  };
}

function listenIn(lookers: Set<(from: Whence) => void>): Wakeups['listen'] {
  return (look) => {
    lookers.add(look);
    return () => void lookers.delete(look);
  };
}

const channel = 'tidings_log';
/** One NOTIFY for all that was stored within this time; inside the storing transaction it would serialize commits. */
const coalesceMs = 3;
