import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { requestsStream } from '../transport/accept.ts';

/**
 * Tracks connections and their running requests, so that a shutdown knows which ones to wait for.
 */
export interface RequestTracker {
  /**
   * Stops accepting connections, closes those without a running request, ends streams, and lets
   * other responses finish for at most `timeoutMs`; then closes all connections.
   */
  shutDown(timeoutMs: number): Promise<void>;
  /**
   * Cuts the connections of open streams. An end of the response would tell clients that the stream
   * is complete; a cut makes them resume.
   */
  cutStreams(): void;
}

export function trackRequests(server: Server): RequestTracker {
  const connections = new Set<Socket>();
  const requests = new Map<ServerResponse, IncomingMessage>();
  let stopping = false;
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', (request, response: ServerResponse) => {
    if (request.socket.destroyed) return; // rejected by transport/pipelined-requests.ts: its response never closes
    requests.set(response, request);
    response.once('close', () => {
      requests.delete(response);
      if (stopping) endUnlessBusy(request.socket);
    });
  });
  /**
   * Ends a connection after its last response, whose headers may have been sent before the stop,
   * with keep-alive.
   */
  const endUnlessBusy = (socket: Socket): void => {
    if (![...requests.values()].some((request) => request.socket === socket)) socket.destroySoon();
  };
  return {
    async shutDown(timeoutMs) {
      stopping = true;
      for (const response of requests.keys()) if (!response.headersSent) response.setHeader('connection', 'close');
      const closed = new Promise((resolve) => server.close(resolve));
      // Node's closeIdleConnections leaves out connections on which no request has been sent yet.
      const busy = new Set([...requests.values()].filter((request) => !requestsStream(request)).map((request) => request.socket));
      for (const socket of connections) if (!busy.has(socket)) socket.destroy();
      const forceCloseTimer = setTimeout(() => server.closeAllConnections(), timeoutMs);
      await closed;
      clearTimeout(forceCloseTimer);
    },
    cutStreams() {
      for (const request of requests.values()) if (requestsStream(request)) request.socket.destroy();
    },
  };
}
