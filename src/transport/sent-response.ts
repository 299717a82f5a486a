import type { ServerResponse } from 'node:http';

/** Disposes what a response holds when it is sent, or when its client has gone. */
export function releaseWhenSent(held: Disposable, response: ServerResponse): void {
  if (response.closed || response.destroyed) held[Symbol.dispose]();
  else response.once('close', () => held[Symbol.dispose]());
}

/**
 * Closes the connection if no byte of its response moves for `maxStallMs`: the response holds
 * memory that others may wait for. Call it when the response is ready.
 */
export function limitStall(response: ServerResponse): void {
  response.setTimeout(maxStallMs, () => response.destroy());
}

const maxStallMs = 30_000;
