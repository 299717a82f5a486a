import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { TidingsError } from '../../errors.ts';
import { printable } from '../terminal/format-text.ts';
import { socketClass } from './client-socket.ts';
import type { ConnectionStatus } from './connection-status.ts';
import type { Endpoint } from './endpoint.ts';
import { bodyOf, failureOf, type GraphQLFailure } from './request.ts';
import { retryingRequest, retryDelayMs } from './retrying-request.ts';

/** A subscription to events, and its consumer. */
export interface EventSubscription<T> {
  readonly endpoint: Endpoint;
  readonly filter: object;
  /** A GraphQL selection of Event; the cursor is added to it. */
  readonly selection: string;
  /** Undefined: the head of the log at the first response. */
  readonly after: string | undefined;
  /** Receives an event. While its promise is pending, nothing is read from the network. */
  readonly onEvent: (event: T) => Promise<unknown> | null;
  readonly status: ConnectionStatus;
}

/**
 * Delivers events until `signal` aborts.
 *
 * Guarantees: every matching event once, in log order, across lost connections and restarts of the
 * server. Throws the errors of the server, for example CURSOR_EXPIRED, and the signal's reason.
 *
 * Why: every new subscription starts after the last event that was received. Before the first one,
 * it starts at a head that was queried first: without it, events stored during an early outage
 * would be lost.
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
    await sleep(retryDelayMs(4), undefined, { signal });
  }
}

interface EndedSubscription {
  readonly after: string;
  readonly reason: string;
}

/** One subscription over several connections. Resolves if it ends with an error that may pass. */
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
    retryWait: (retries) => sleep(retryDelayMs(retries), undefined, { signal: stopSignal }).catch(() => undefined),
    on: { connected: () => status.connected(), closed: onDisconnect, error: onDisconnect },
  });
  // The client sends this object with every connection; the getter resumes after the last event.
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
            const pending = onEvent(data.events);
            after = data.events.cursor;
            if (pending !== null && socket !== null) pauseUntil(socket, pending);
          },
          error: (error) => settle(Array.isArray(error) ? failureOf(error as readonly GraphQLFailure[]) : closeFailureOf(error)),
          complete: () => resolve('the server ended the subscription'),
        },
      );
      stopSignal.addEventListener('abort', () => {
        unsubscribe();
        socket?.terminate(); // also a socket that is still opening, which would delay the exit
        resolve('stopped');
      });
    });
    return { after, reason };
  } finally {
    ending.abort();
  }
}

/** Reads nothing from the network until the promise resolves; TCP applies backpressure. */
function pauseUntil(socket: WebSocket, resolved: Promise<unknown>): void {
  socket.pause();
  void resolved.then(() => socket.resume());
}

/** Classifies a close after which graphql-ws does not reconnect by itself. */
function closeFailureOf(event: unknown): ReturnType<typeof failureOf> {
  const { code = 0 } = event as Partial<CloseEvent>;
  const reason = reasonOf(event);
  if (code < minProtocolCloseCode || code === serverErrorCloseCode) return { unavailable: reason };
  return {
    rejected: new TidingsError('UNAVAILABLE', `The server rejected the subscription: the connection was ${reason}.`),
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
/** Codes from here on are those of graphql-transport-ws; lower ones come from the network. */
const minProtocolCloseCode = 4000;
/** No valid key, or it was revoked or has expired. */
const forbiddenCloseCode = 4403;
/** A bug in the server, which a retry may avoid. */
const serverErrorCloseCode = 4500;
