import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { TidingsError } from '../../errors.ts';
import { retryingRequest, retryDelayMs } from './retrying-request.ts';
import type { Endpoint } from './endpoint.ts';
import type { ConnectionStatus } from './connection-status.ts';
import { bodyOf, failureOf, type GraphQLFailure } from './request.ts';
import { printable } from '../terminal/format-text.ts';
import { socketClass } from './client-socket.ts';

/** What to follow, and who takes it. */
export interface EventSubscription<T> {
  readonly endpoint: Endpoint;
  readonly filter: object;
  /** A GraphQL selection of Event; the cursor is added to it. */
  readonly selection: string;
  /** Undefined: from the head of the log at the first answer. */
  readonly after: string | undefined;
  /** Takes an event; until the promise, if there is one, resolves, no more is read from the network. */
  readonly onEvent: (event: T) => Promise<unknown> | null;
  readonly status: ConnectionStatus;
}

/**
 * Follows the log until `signal` aborts. Promises every event that matches, in log order, once, whatever becomes of the
 * connection or the server: the cursor is that of the last event taken, and each new subscription begins behind it.
 * Before the first event it is the head, asked for once; without it, an early outage would lose what was stored then.
 * Throws what the server refuses, for example CURSOR_EXPIRED, and the signal's reason.
 */
export async function subscribeToEvents<T>(subscription: EventSubscription<T>, signal: AbortSignal): Promise<never> {
  const { endpoint, status } = subscription;
  const retryOptions = { timeoutMs: Infinity, onUnavailable: (reason: string) => status.disconnected(reason), signal };
  let after = subscription.after;
  for (;;) {
    const { head } = await retryingRequest<{ head: string }>(endpoint, bodyOf('{ head }'), retryOptions);
    const ended = await subscribeOnce(subscription, after ?? head, signal);
    signal.throwIfAborted();
    after = ended.after;
    status.disconnected(ended.reason);
    await pause(retryDelayMs(4), undefined, { signal });
  }
}

interface EndedSubscription {
  readonly after: string;
  readonly reason: string;
}

/** One subscription; it outlives its connections. Resolves when it ended in a way that another one may mend. */
async function subscribeOnce<T>(subscription: EventSubscription<T>, from: string, signal: AbortSignal): Promise<EndedSubscription> {
  const { endpoint, filter, selection, onEvent, status } = subscription;
  const ending = new AbortController();
  const stopSignal = AbortSignal.any([signal, ending.signal]);
  let after = from;
  let socket: WebSocket | null = null;
  const onDisconnect = (event: unknown): void => {
    if (!stopSignal.aborted) status.disconnected(reasonOf(event));
  };
  const client = createClient({
    url: endpoint.webSocket,
    ...(endpoint.authorization !== null && { connectionParams: { authorization: endpoint.authorization } }),
    webSocketImpl: socketClass((created) => (socket = created)),
    connectionAckWaitTimeout: ackTimeoutMs,
    retryAttempts: Infinity,
    shouldRetry: (event) => (event as Partial<CloseEvent>).code !== forbiddenCloseCode,
    retryWait: (retries) => pause(retryDelayMs(retries), undefined, { signal: stopSignal }).catch(() => undefined),
    on: { connected: () => status.connected(), closed: onDisconnect, error: onDisconnect },
  });
  // The client sends this object with every connection: the getter makes each one go on behind the last event.
  const variables = {
    filter,
    get after() {
      return after;
    },
  };
  const query = `subscription Tail($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { cursor ${selection} } }`;
  try {
    const reason = await new Promise<string>((resolve, reject) => {
      const settle = (failure: ReturnType<typeof failureOf>): void =>
        'unavailable' in failure ? resolve(failure.unavailable) : reject(failure.rejected);
      const unsubscribe = client.subscribe<{ events: T & { readonly cursor: string } }>(
        { query, variables },
        {
          next({ data, errors }) {
            if (errors !== undefined) return settle(failureOf(errors));
            if (!data || stopSignal.aborted) return;
            const busy = onEvent(data.events);
            after = data.events.cursor;
            if (busy !== null && socket !== null) pauseUntil(socket, busy);
          },
          error: (error) => settle(Array.isArray(error) ? failureOf(error as readonly GraphQLFailure[]) : closeFailureOf(error)),
          complete: () => resolve('the server ended the subscription'),
        },
      );
      stopSignal.addEventListener('abort', () => {
        unsubscribe();
        socket?.terminate(); // also one that is still opening: nothing may hold up the end
        resolve('stopped');
      });
    });
    return { after, reason };
  } finally {
    ending.abort();
  }
}

/** Reads nothing from the network until `busy` is over; TCP then holds up the server. */
function pauseUntil(socket: WebSocket, busy: Promise<unknown>): void {
  socket.pause();
  void busy.then(() => socket.resume());
}

/** What a close means that the client does not try to mend by itself. */
function closeFailureOf(event: unknown): ReturnType<typeof failureOf> {
  const { code = 0 } = event as Partial<CloseEvent>;
  const reason = reasonOf(event);
  if (code < minProtocolCloseCode || code === serverErrorCloseCode) return { unavailable: reason };
  return {
    rejected: new TidingsError('UNAVAILABLE', `expected the server to let this program subscribe, but the connection was ${reason}`),
  };
}

function reasonOf(event: unknown): string {
  const { code, reason, message } = event as Partial<CloseEvent & Error>;
  if (code === undefined) return printable(message || 'the connection failed');
  return `closed with code ${code}${reason ? `: ${printable(reason)}` : ''}`;
}

interface CloseEvent {
  readonly code: number;
  readonly reason: string;
}

const ackTimeoutMs = 10_000;
/** Close codes from here on are the protocol's, below they are the network's. */
const minProtocolCloseCode = 4000;
/** The key is not good, or not any more. */
const forbiddenCloseCode = 4403;
/** A bug in the server; it may not meet it again. */
const serverErrorCloseCode = 4500;
