import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Database } from '../store/database/database.ts';

/**
 * Tells the processes on one database that the log may have grown. A wake-up is only ever an invitation to look
 * sooner: it carries no news, may come for nothing, and may be lost (a poll stands behind).
 */
export interface Notifications extends AsyncDisposable {
  /** Says that events were stored: at once in this process, in the others within a few milliseconds. */
  announce(): void;
  /** Calls `look` at every wake-up, until the returned function is called. */
  listen(listener: (source: NotificationSource) => void): () => void;
}

/** Where events were stored: in this process or in another one, or perhaps in another one. */
type NotificationSource = 'here' | 'elsewhere';

export async function startNotifications(database: Database, logger: Logger): Promise<Notifications> {
  const listeners = new Set<(source: NotificationSource) => void>();
  const notifyLocal = (): void => listeners.forEach((listener) => listener('here'));
  if (database.kind === 'embedded') {
    return { announce: notifyLocal, listen: listenerRegistry(listeners), [Symbol.asyncDispose]: async () => undefined };
  }

  const notifyRemote = (): void => listeners.forEach((listener) => listener('elsewhere'));
  const processId = randomUUID();
  const subscription = await database.listen({
    channel,
    onNotification: (sender) => sender === processId || notifyRemote(),
    onReconnect: notifyRemote,
  });
  let pendingSend: NodeJS.Timeout | null = null;
  const send = (): void => {
    pendingSend = null;
    database.notify(channel, processId).catch((error: unknown) => logger.info({ err: error }, 'a wake-up was not sent'));
  };
  return {
    announce() {
      notifyLocal();
      pendingSend ??= setTimeout(send, coalesceMs);
    },
    listen: listenerRegistry(listeners),
    async [Symbol.asyncDispose]() {
      if (pendingSend !== null) {
        clearTimeout(pendingSend);
        send();
      }
      await subscription[Symbol.asyncDispose]();
    },
  };
}

function listenerRegistry(listeners: Set<(source: NotificationSource) => void>): Notifications['listen'] {
  return (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
}

const channel = 'tidings_log';
/** One NOTIFY for all that was stored within this time; inside the storing transaction it would serialize commits. */
const coalesceMs = 3;
