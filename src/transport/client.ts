import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { PacedStarts } from '../concurrency/paced-starts.ts';

/**
 * Requests with the same rate limit key share one limit: those of one key, or of one network if
 * they have no key.
 */
export function rateLimitKeyOf({ caller, address }: RateLimitedClient): string {
  const keyId = caller?.keyId ?? null;
  return keyId === null ? `address ${networkOf(address ?? '')}` : `key ${keyId}`;
}

export interface RateLimitedClient {
  /** Null: not authenticated yet. */
  readonly caller: { readonly keyId: string | null } | null;
  /** The address of the connection's other end. */
  readonly address?: string;
}

/**
 * The reader of a request: reads of requests with the same rate limit key share one turn, and end
 * when the response closes before it is complete. The signal is made at its first use, since an
 * emission reads nothing. With `pacedStarts`, signals of clients that leave at once abort in turns.
 */
export function readerOf(
  client: RateLimitedClient,
  response: ServerResponse,
  pacedStarts?: PacedStarts,
): { readonly client: string; readonly signal: AbortSignal } {
  let signal: AbortSignal | null = null;
  return {
    client: rateLimitKeyOf(client),
    get signal() {
      return (signal ??= leftSignal(response, pacedStarts));
    },
  };
}

/** Aborts when a response closes before it is complete. */
function leftSignal(response: ServerResponse, pacedStarts: PacedStarts | undefined): AbortSignal {
  const left = new AbortController();
  const abort = (): void => left.abort(clientLeft);
  const close = (): void => {
    if (response.writableFinished) return;
    if (pacedStarts === undefined) abort();
    else pacedStarts.run(abort, 'closed responses');
  };
  if (response.closed || response.destroyed) close();
  else response.once('close', close);
  return left.signal;
}

/** One for all: a DOMException each takes most of the time of an abort. */
const clientLeft = new Error('the client has left');

/** The address of the other end of a request's connection. */
export function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? 'unknown';
}

/**
 * The part of an address that limits count by: the whole IPv4 address, also of an IPv4-mapped one;
 * the /64 network of an IPv6 address, because a client that has one address of a network usually
 * has all of them. Other texts stay as they are.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [unscoped = ''] = address.split('%'); // ipaddr.js rejects zone ids that Node accepts, such as eth0.100
  const parsed = ipaddr.process(unscoped);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const network = new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]);
  return `${network.toString()}/64`;
}
