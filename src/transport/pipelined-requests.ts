import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { chargeUnauthenticated } from './unauthenticated-connections.ts';

/**
 * Bounds the requests that a client sends ahead on one connection, and closes their responses with
 * it.
 *
 * Why: Node handles every request that a chunk contains, and keeps the responses until the client
 * has read the ones before. If the connection closes, it emits `close` only for the response that is
 * being written, and all that waits for the others to close would wait for ever.
 *
 * Returns false for a request beyond the bound, whose connection is destroyed.
 */
export function acceptPipelined({ socket }: IncomingMessage, response: ServerResponse): boolean {
  const responses = openResponses.get(socket) ?? trackResponses(socket);
  if (responses.size >= maxPipelined) {
    socket.destroy();
    return false;
  }
  responses.add(response);
  chargeUnauthenticated(socket, 1);
  response.once('close', () => {
    responses.delete(response);
    chargeUnauthenticated(socket, -1);
  });
  return true;
}

function trackResponses(socket: Socket): Set<ServerResponse> {
  const responses = new Set<ServerResponse>();
  openResponses.set(socket, responses);
  socket.once('close', () => {
    for (const each of responses) {
      if (each.socket !== null || each.writableFinished) continue; // Node emits it
      each.destroy();
      each.emit('close');
    }
  });
  return responses;
}

const openResponses = new WeakMap<Socket, Set<ServerResponse>>();
/** Clients that pipeline send a few requests ahead; browsers and most libraries none. */
const maxPipelined = 100;
