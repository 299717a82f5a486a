import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Database } from '../store/database/database.ts';

/**
 * Notifies the processes of one database that the log may have grown. A notification only makes a
 * reader check sooner: it carries no data, may be needless, and may be lost, so each reader polls
 * as well.
 */
export interface Notifications extends AsyncDisposable {
  /**
   * Announces stored events: to this process at once, to other processes within `minIntervalMs`.
   */
  announce(): void;
  /** Calls `listener` at every notification, until the returned function is called. */
  listen(listener: (source: NotificationSource) => void): () => void;
}

/** The process that stored events: this one, or perhaps another one. */
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
  let sentAt = 0;
  const send = (): void => {
    pendingSend = null;
    sentAt = performance.now();
    database.notify(channel, processId).catch((error: unknown) => logger.info({ err: error }, 'a notification was not sent'));
  };
  return {
    announce() {
      notifyLocal();
      pendingSend ??= setTimeout(send, Math.max(coalesceMs, sentAt + minIntervalMs - performance.now()));
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
/**
 * One NOTIFY covers all events stored within this time. A NOTIFY in each transaction would
 * serialize their commits.
 */
const coalesceMs = 3;
/** While events keep coming, a NOTIFY for each would take as long as a head. */
const minIntervalMs = 10;
