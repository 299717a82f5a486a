import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { TidingsError } from '../../errors.ts';
import { ask, pauseAfter } from './retrying-request.ts';
import type { Endpoint } from './endpoint.ts';
import type { Notices } from './connection-status.ts';
import { bodyOf, failureOf, type GraphQLFailure } from './request.ts';
import { printable } from '../terminal/format-text.ts';
import { socketClass } from './client-socket.ts';

/** What to follow, and who takes it. */
export interface Following<T> {
  readonly endpoint: Endpoint;
  readonly filter: object;
  /** A GraphQL selection of Event; the cursor is added to it. */
  readonly selection: string;
  /** Undefined: from the head of the log at the first answer. */
  readonly after: string | undefined;
  /** Takes an event; until the promise, if there is one, resolves, no more is read from the network. */
  readonly take: (event: T) => Promise<unknown> | null;
  readonly notices: Notices;
}

/**
 * Follows the log until `signal` aborts. Promises every event that matches, in log order, once, whatever becomes of the
 * connection or the server: the cursor is that of the last event taken, and each new subscription begins behind it.
 * Before the first event it is the head, asked for once; without it, an early outage would lose what was stored then.
 * Throws what the server refuses, for example CURSOR_EXPIRED, and the signal's reason.
 */
export async function follow<T>(following: Following<T>, signal: AbortSignal): Promise<never> {
  const { endpoint, notices } = following;
  const patience = { ms: Infinity, onAway: (reason: string) => notices.away(reason), signal };
  let after = following.after;
  for (;;) {
    const { head } = await ask<{ head: string }>(endpoint, bodyOf('{ head }'), patience);
    const ended = await subscribe(following, after ?? head, signal);
    signal.throwIfAborted();
    after = ended.after;
    notices.away(ended.reason);
    await pause(pauseAfter(4), undefined, { signal });
  }
}

interface Ended {
  readonly after: string;
  readonly reason: string;
}

/** One subscription; it outlives its connections. Resolves when it ended in a way that another one may mend. */
async function subscribe<T>(following: Following<T>, from: string, signal: AbortSignal): Promise<Ended> {
  const { endpoint, filter, selection, take, notices } = following;
  const ending = new AbortController();
  const over = AbortSignal.any([signal, ending.signal]);
  let after = from;
  let socket: WebSocket | null = null;
  const away = (event: unknown): void => {
    if (!over.aborted) notices.away(reasonOf(event));
  };
  const client = createClient({
    url: endpoint.webSocket,
    ...(endpoint.authorization !== null && { connectionParams: { authorization: endpoint.authorization } }),
    webSocketImpl: socketClass((created) => (socket = created)),
    connectionAckWaitTimeout: ackMs,
    retryAttempts: Infinity,
    shouldRetry: (event) => (event as Partial<CloseEvent>).code !== forbidden,
    retryWait: (retries) => pause(pauseAfter(retries), undefined, { signal: over }).catch(() => undefined),
    on: { connected: () => notices.up(), closed: away, error: away },
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
      const settle = (failure: ReturnType<typeof failureOf>): void => ('away' in failure ? resolve(failure.away) : reject(failure.refused));
      const unsubscribe = client.subscribe<{ events: T & { readonly cursor: string } }>(
        { query, variables },
        {
          next({ data, errors }) {
            if (errors !== undefined) return settle(failureOf(errors));
            if (!data || over.aborted) return;
            const busy = take(data.events);
            after = data.events.cursor;
            if (busy !== null && socket !== null) holdUp(socket, busy);
          },
          error: (error) => settle(Array.isArray(error) ? failureOf(error as readonly GraphQLFailure[]) : closingOf(error)),
          complete: () => resolve('the server ended the subscription'),
        },
      );
      over.addEventListener('abort', () => {
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
function holdUp(socket: WebSocket, busy: Promise<unknown>): void {
  socket.pause();
  void busy.then(() => socket.resume());
}

/** What a close means that the client does not try to mend by itself. */
function closingOf(event: unknown): ReturnType<typeof failureOf> {
  const { code = 0 } = event as Partial<CloseEvent>;
  const reason = reasonOf(event);
  if (code < firstOwnCode || code === serverError) return { away: reason };
  return {
    refused: new TidingsError('UNAVAILABLE', `expected the server to let this program subscribe, but the connection was ${reason}`),
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

const ackMs = 10_000;
/** Close codes from here on are the protocol's, below they are the network's. */
const firstOwnCode = 4000;
/** The key is not good, or not any more. */
const forbidden = 4403;
/** A bug in the server; it may not meet it again. */
const serverError = 4500;
