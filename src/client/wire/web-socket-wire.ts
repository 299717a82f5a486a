import { TidingsError } from './client-error.ts';
import { bodyOf, errorOf, type GraphQLFailure, type GraphQLResult, type HttpParts, type Operation } from './http-wire.ts';
import { parseLossless } from './lossless-json.ts';

/** The part of a WebSocket that is used: that of browsers, of Node 22, and of the package ws. */
export interface WebSocketLike {
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: CloseEvent) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
  send(text: string): void;
  close(code?: number): void;
}
export type WebSocketClass = new (url: string, protocol: string) => WebSocketLike;

type WebSocketParts = HttpParts & { readonly WebSocket: WebSocketClass };

/**
 * Runs a subscription on a WebSocket of its own (graphql-transport-ws), and yields its data until
 * the server completes it. Throws a TidingsError, or the reason of the signal.
 *
 * Guarantees bounded memory: a WebSocket cannot be paused. With more than
 * `maxWaitingCharacters` unread it is closed; what was received is delivered, then FELL_BEHIND is
 * thrown, and the caller subscribes again.
 */
export async function* subscribeOverWebSocket<T>(
  parts: WebSocketParts,
  operation: Operation,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  for (let attempt = 1; ; attempt += 1) {
    const authorization = await parts.keys.authorization();
    try {
      yield* subscribeOnce<T>(parts, { operation, authorization }, signal);
      return;
    } catch (error) {
      const isRejected = error instanceof TidingsError && error.code === 'UNAUTHENTICATED';
      if (!isRejected || !parts.keys.replace(authorization) || attempt > 1) throw error;
    }
  }
}

async function* subscribeOnce<T>(
  { address, keys, WebSocket }: WebSocketParts,
  { operation, authorization }: { readonly operation: Operation; readonly authorization: string | null },
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  signal.throwIfAborted();
  const waiting: string[] = [];
  let waitingCharacters = 0;
  let failure: { readonly error: unknown } | null = null;
  let wake = nothing;
  let silent: ReturnType<typeof setTimeout>;

  const socket = new WebSocket(address.webSocket, 'graphql-transport-ws');
  const fail = (error: unknown): void => {
    failure ??= { error };
    clearTimeout(silent);
    socket.close();
    wake();
  };
  const abort = (): void => fail(signal.reason);
  const expectWithin = (ms: number, otherwise: () => void): void => {
    clearTimeout(silent);
    silent = setTimeout(otherwise, ms);
  };
  const lost = (): void => fail(new TidingsError('UNAVAILABLE', `${address.shown} does not answer.`));
  const ping = (): void => {
    socket.send('{"type":"ping"}');
    expectWithin(maxAnswerMs, lost);
  };
  const receive = (text: string): void => {
    const type = text.includes('"next"') ? 'next' : (JSON.parse(text) as { readonly type?: string }).type;
    if (type === 'connection_ack') return socket.send(`{"id":"1","type":"subscribe","payload":${bodyOf(operation)}}`);
    if (type === 'ping') return socket.send('{"type":"pong"}');
    if (type === 'pong') return;
    waiting.push(text);
    waitingCharacters += text.length;
    if (waitingCharacters > maxWaitingCharacters) return fail(new TidingsError('FELL_BEHIND', 'The consumer fell behind.'));
    wake();
  };
  socket.addEventListener('open', () =>
    socket.send(`{"type":"connection_init","payload":${JSON.stringify(authorization === null ? {} : { authorization })}}`),
  );
  socket.addEventListener('message', ({ data }) => {
    if (failure !== null) return;
    expectWithin(maxSilenceMs, ping);
    try {
      receive(String(data));
    } catch (error) {
      fail(error);
    }
  });
  socket.addEventListener('close', (event) => {
    if (event.code === expiredCode) keys.replace(authorization);
    fail(closeError(event));
  });
  socket.addEventListener('error', () => fail(new TidingsError('UNAVAILABLE', `${address.shown} cannot be reached.`)));
  expectWithin(maxSilenceMs, lost);
  signal.addEventListener('abort', abort);

  try {
    for (;;) {
      signal.throwIfAborted();
      const text = waiting.shift();
      if (text === undefined) {
        if (failure !== null) throw (failure as { readonly error: unknown }).error;
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      waitingCharacters -= text.length;
      const message = parseLossless(text) as Message;
      if (message.type === 'complete') return;
      if (message.type === 'error') throw errorOf(message.payload);
      if (message.type !== 'next') continue;
      const { data, errors } = message.payload;
      if (errors !== undefined || data === undefined) throw errorOf(errors ?? []);
      yield data as T;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    fail(null);
  }
}

type Message =
  | { readonly type: 'next'; readonly payload: GraphQLResult }
  | { readonly type: 'error'; readonly payload: readonly GraphQLFailure[] }
  | { readonly type: 'complete' };

export interface CloseEvent {
  readonly code: number;
  readonly reason: string;
}

function closeError({ code, reason }: CloseEvent): TidingsError {
  const message = `The connection was closed with ${code}${reason === '' ? '' : `: ${reason}`}.`;
  if (code === rejectedCode) return new TidingsError('UNAUTHENTICATED', message);
  return new TidingsError(code < 4000 || temporaryCodes.has(code) ? 'UNAVAILABLE' : 'BAD_USER_INPUT', message);
}

/** The key of connection_init is not valid. */
const rejectedCode = 4401;
/** The key of the connection was revoked or has expired. */
const expiredCode = 4403;
/** Also a bug of the server, and a handshake that took too long. */
const temporaryCodes: ReadonlySet<number> = new Set([expiredCode, 4408, 4500]);

/** About 5,000 events. */
const maxWaitingCharacters = 8_000_000;
const maxSilenceMs = 10_000;
const maxAnswerMs = 5000;

function nothing(): void {}
