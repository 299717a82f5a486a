import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** Who shares limits: those with the same key, else those with the same address. */
export function rateLimitKeyOf({ caller, address }: RateLimitedClient): string {
  return caller.keyId === null ? `address ${networkOf(address ?? '')}` : `key ${caller.keyId}`;
}

export interface RateLimitedClient {
  readonly caller: { readonly keyId: string | null };
  /** Of the other end of the connection. */
  readonly address?: string;
}

/** The address of the other end of a request's connection. */
export function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? 'unknown';
}

/** An address as it is, but of IPv6 the network of 64 bits: whoever has one such address has them all. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
