import { WebSocket } from 'ws';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { adminKey } from '../../support/keys.ts';

/** One subscription on its own connection. It can drop the connection or stop reading at any moment. */
export interface Wire {
  /** Resolves with the reason when the subscription is over. */
  readonly ended: Promise<Ending>;
  /** Stops reading: incoming data fills the TCP windows of both ends. */
  pause(): void;
  resume(): void;
  /** Destroys the connection. */
  drop(): void;
  /** Closes the connection in the regular way. */
  close(): void;
  /** Completes the subscription, then closes the connection. */
  complete(): void;
}

export interface SocketWire extends Wire {
  /**
   * Resolves with whether another query on the same connection was answered. If so, everything that the
   * server had sent before has arrived.
   */
  roundTrip(): Promise<boolean>;
}

/**
 * COMPLETED: by the server. CLOSED: the connection, with the code of a socket. FAILED: errors of the subscription.
 * INCOMPLETE: of a message, after which the server sends the next ones.
 */
export type Ending =
  | { readonly kind: 'COMPLETED' }
  | { readonly kind: 'CLOSED'; readonly code: number }
  | { readonly kind: 'FAILED' | 'INCOMPLETE'; readonly errors: readonly any[] };

export interface Subscription {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** A cursor to resume after, as browsers send it; of event streams only. */
  readonly lastEventId?: string;
}

/** `id`: the last cursor that an event stream has sent as an id, `none` before the first. */
export type DataListener = (data: any, id?: string) => void;

export function openWire(url: string, payload: Subscription, onData: DataListener): SocketWire {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { handshakeTimeout: 10_000 });
  const send = (message: object): void => {
    if (socket.readyState === socket.OPEN) socket.send(stringifyJson(message));
  };
  let resolveResponse: (response: true) => void;
  const response = new Promise<boolean>((resolve) => (resolveResponse = resolve));
  const ended = new Promise<Ending>((end) => {
    socket.on('close', (code) => end({ kind: 'CLOSED', code }));
    socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${adminKey}` } }));
    socket.on('message', (frame: Buffer) => {
      const message = JSON.parse(frame.toString());
      if (message.type === 'connection_ack') {
        send({ type: 'subscribe', id: 'subscription', payload });
        return send({ type: 'subscribe', id: 'other', payload: { query: '{ head }' } });
      }
      if (message.id === 'other') return resolveResponse(true);
      if (message.type === 'ping') return send({ type: 'pong' });
      if (message.id !== 'subscription') return;
      if (message.type === 'complete') return end({ kind: 'COMPLETED' });
      const errors: readonly any[] | undefined = message.type === 'error' ? message.payload : message.payload.errors;
      if (errors !== undefined) return end(endingOf(errors));
      return onData(message.payload.data);
    });
  });
  socket.on('error', () => undefined); // a close event follows
  return {
    ended,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    drop: () => socket.terminate(),
    close: () => socket.close(1000),
    complete() {
      send({ type: 'complete', id: 'subscription' });
      socket.close(1000);
    },
    roundTrip() {
      return Promise.race([response, ended.then(() => false)]);
    },
  };
}

/** Errors of a field below the subscription's are of a message; the next ones may follow. */
export function endingOf(errors: readonly any[]): Ending {
  return { kind: errors.some(({ path }) => path?.length > 1) ? 'INCOMPLETE' : 'FAILED', errors };
}
