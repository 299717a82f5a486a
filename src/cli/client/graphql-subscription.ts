import { createTidings, TidingsError as ClientError } from '../../client/tidings-client.ts';
import { commandErrorOf, reasonOf } from './command-error.ts';
import type { ConnectionStatus } from './connection-status.ts';
import type { Endpoint } from './endpoint.ts';

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
 * Delivers events until `signal` aborts: every matching event once, in log order, across lost
 * connections and restarts of the server. Throws the errors of the server, for example
 * CURSOR_EXPIRED, and the signal's reason.
 */
export async function subscribeToEvents<T>(subscription: EventSubscription<T>, signal: AbortSignal): Promise<never> {
  const { endpoint, filter, selection, after, onEvent, status } = subscription;
  const { key } = endpoint;
  const tidings = createTidings(endpoint.displayUrl, { ...(key !== null && { key }), retry: { minMs: 100, maxMs: 2000 } });
  const events = tidings.events(filter, {
    after,
    signal,
    select: selection,
    onState(state) {
      if (state.is === 'waiting') status.disconnected(reasonOf(state.error));
      else if (state.is === 'live' || state.is === 'catching-up') status.connected();
    },
  });
  try {
    for await (const event of events) await onEvent(event as T);
  } catch (error) {
    throw error instanceof ClientError ? commandErrorOf(error, endpoint) : error;
  }
  throw signal.reason;
}
