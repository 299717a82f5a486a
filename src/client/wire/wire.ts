import { addressOf, type Address } from './address.ts';
import { createBackoff, type Backoff, type RetryOptions } from './backoff.ts';
import { TidingsError, tidingsErrorOf } from './client-error.ts';
import { operationOf, send, type HttpParts, type Operation } from './http-wire.ts';
import { createKeySource, type Key } from './key-source.ts';
import type { WebSocketClass } from './web-socket-wire.ts';

export interface WireOptions {
  /** The API key, or a function that returns it, which is called again when the server rejects it. */
  readonly key?: Key;
  /**
   * How subscriptions run. By default over WebSocket in web pages, because a browser opens only six
   * connections to a server over HTTP/1.1, and wherever `webSocket` is given; else over SSE.
   */
  readonly transport?: 'sse' | 'websocket';
  readonly fetch?: typeof fetch;
  /** A WebSocket class, for example that of the package ws, where there is no global one. */
  readonly webSocket?: WebSocketClass;
  readonly retry?: RetryOptions;
}

/** How a client talks to a server. */
export interface Wire {
  readonly address: Address;
  readonly backoff: Backoff;
  /** Whether a rejected key can be replaced by another one. */
  readonly hasChangingKey: boolean;
  /** Sends an operation once. */
  send<T>(operation: Operation, signal: AbortSignal): Promise<T>;
  /** Sends a query, again after errors that may pass, for up to `requestTimeoutMs`. */
  request<T>(query: string, variables: object, signal: AbortSignal): Promise<T>;
  /** The data of a subscription on one connection. */
  subscribe<T>(query: string, variables: object, signal: AbortSignal): AsyncGenerator<T, void>;
  /** Sends the beginning of something while a page goes away; the response is lost. */
  sendBeforeUnload(operation: Operation): void;
}

export function createWire(url: string | URL, options: WireOptions): Wire {
  const given = options.fetch ?? fetch;
  const parts: HttpParts = {
    address: addressOf(url),
    keys: createKeySource(options.key),
    fetch: (input, init) => given(input, init), // a browser's fetch needs its `this`
  };
  const backoff = createBackoff(options.retry ?? {});
  const { WebSocket: globalClass, document } = globalThis as unknown as { WebSocket?: WebSocketClass; document?: object };
  const { webSocket, transport = webSocket === undefined && document === undefined ? 'sse' : 'websocket' } = options;
  const WebSocket = webSocket ?? globalClass;
  if (transport === 'websocket' && WebSocket === undefined) {
    throw new TidingsError(
      'BAD_USER_INPUT',
      'transport: this program has no global WebSocket; set the option webSocket, or transport to "sse".',
    );
  }
  return {
    address: parts.address,
    backoff,
    hasChangingKey: typeof options.key === 'function',
    async send<T>(operation: Operation, signal: AbortSignal) {
      const limit = deadline(signal, attemptTimeoutMs);
      try {
        return await send<T>(parts, operation, limit.signal);
      } finally {
        limit.clear();
      }
    },
    async request<T>(query: string, variables: object, signal: AbortSignal) {
      const operation = operationOf(query, variables);
      const until = performance.now() + requestTimeoutMs;
      for (;;) {
        try {
          return await this.send<T>(operation, signal);
        } catch (caught) {
          signal.throwIfAborted();
          const error = tidingsErrorOf(caught);
          const delayMs = backoff.delayAfter(error, 0);
          if (!error.isTemporary || performance.now() + delayMs > until) throw error;
          await backoff.wait(delayMs, { signal, keepsAlive: true });
          signal.throwIfAborted();
        }
      }
    },
    // Loaded when it is needed: a program needs one of them, if it subscribes at all.
    async *subscribe<T>(query: string, variables: object, signal: AbortSignal) {
      const operation = operationOf(query, variables);
      if (transport === 'websocket' && WebSocket !== undefined) {
        const { subscribeOverWebSocket } = await import('./web-socket-wire.ts');
        yield* subscribeOverWebSocket<T>({ ...parts, WebSocket }, operation, signal);
      } else {
        const { subscribeOverSse } = await import('./sse-wire.ts');
        yield* subscribeOverSse<T>(parts, operation, signal);
      }
    },
    sendBeforeUnload(operation) {
      const lasting = {
        ...parts,
        fetch: (input: Parameters<typeof fetch>[0], init?: RequestInit) => given(input, { ...init, keepalive: true }),
      };
      send(lasting, operation, new AbortController().signal).catch(() => undefined);
    },
  };
}

/** A signal that aborts with another one, or after a time. AbortSignal.any keeps listeners in Node 20. */
function deadline(signal: AbortSignal, ms: number): { readonly signal: AbortSignal; clear(): void } {
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal.reason);
  const timer = setTimeout(() => stop.abort(new TidingsError('UNAVAILABLE', `There was no response for ${ms / 1000} s.`)), ms);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  return {
    signal: stop.signal,
    clear() {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}

/** Longer than the default statement timeout of the server, so that slow responses still arrive. */
const attemptTimeoutMs = 60_000;
const requestTimeoutMs = 30_000;
