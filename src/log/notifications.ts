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
   * Announces stored events: to this process at once, to other processes within `minIntervalMs`, if
   * there are any.
   */
  announce(): void;
  /** Calls `listener` at every notification, until the returned function is called. */
  listen(listener: (source: NotificationSource) => void): () => void;
}

/** The process that stored events: this one, or perhaps another one. */
type NotificationSource = 'here' | 'elsewhere';

/**
 * Notifies other processes only while there are some, since a notification costs about as much as
 * storing an event.
 *
 * How it knows: a notification that asks is answered by every other process. One asks when it starts
 * to listen, and with the first announcement of each `presenceMs`. Each notification of another
 * process, an answer too, shows that it is there for the next `presenceMs`, and makes a reader check.
 * So events that were stored while no other process was known are read once it answers.
 */
export async function startNotifications(database: Database, logger: Logger): Promise<Notifications> {
  const listeners = new Set<(source: NotificationSource) => void>();
  const notifyLocal = (): void => listeners.forEach((listener) => listener('here'));
  if (database.kind === 'embedded') {
    return { announce: notifyLocal, listen: listenerRegistry(listeners), [Symbol.asyncDispose]: async () => undefined };
  }

  const notifyRemote = (): void => listeners.forEach((listener) => listener('elsewhere'));
  const processId = randomUUID();
  let askedAt = -Infinity;
  /** Until then, there may be other processes. */
  let othersUntil = -Infinity;
  const mustAsk = (): boolean => performance.now() >= askedAt + presenceMs;
  const send = (): void => {
    pendingSend = null;
    sentAt = performance.now();
    const asks = mustAsk();
    if (asks) {
      askedAt = sentAt;
      othersUntil = Math.max(othersUntil, sentAt + answerMs);
    }
    database.notify(channel, `${processId}${asks ? question : ''}`).catch((error: unknown) => {
      askedAt = -Infinity;
      logger.info({ err: error }, 'a notification was not sent');
    });
  };
  let pendingSend: NodeJS.Timeout | null = null;
  let sentAt = 0;
  const sendSoon = (): void => {
    pendingSend ??= setTimeout(send, Math.max(coalesceMs, sentAt + minIntervalMs - performance.now()));
  };
  const subscription = await database.listen({
    channel,
    onNotification(payload) {
      if (payload.startsWith(processId)) return;
      othersUntil = performance.now() + presenceMs;
      if (payload.endsWith(question)) sendSoon();
      notifyRemote();
    },
    onReconnect() {
      askedAt = -Infinity;
      sendSoon();
      notifyRemote();
    },
  });
  return {
    announce() {
      notifyLocal();
      if (mustAsk() || performance.now() < othersUntil) sendSoon();
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
/** Ends the payload of a notification that asks. */
const question = '?';
const presenceMs = 60_000;
/** Longer than an answer takes. One that takes longer still shows that there is another process. */
const answerMs = 1000;
