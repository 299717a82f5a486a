import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { asksForStream } from '../transport/accept.ts';

/** Knows the connections and the requests under way on them, so that a stop can tell which to wait for. */
export interface RequestTracker {
  /**
   * Accepts nothing more, closes connections without a request, ends the streams, lets answers finish for at most
   * `patienceMs`, and then cuts them off.
   */
  shutDown(timeoutMs: number): Promise<void>;
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
    requests.set(response, request);
    response.once('close', () => {
      requests.delete(response);
      if (stopping) endUnlessBusy(request.socket);
    });
  });
  /** Ends a connection whose last answer is out: it may have promised to keep it. */
  const endUnlessBusy = (socket: Socket): void => {
    if (![...requests.values()].some((request) => request.socket === socket)) socket.destroySoon();
  };
  return {
    async shutDown(timeoutMs) {
      stopping = true;
      for (const response of requests.keys()) if (!response.headersSent) response.setHeader('connection', 'close');
      const closed = new Promise((resolve) => server.close(resolve));
      // Node's closeIdleConnections leaves out those that have not asked anything yet.
      const busy = new Set([...requests.values()].filter((request) => !asksForStream(request)).map((request) => request.socket));
      for (const socket of connections) if (!busy.has(socket)) socket.destroy();
      const forceCloseTimer = setTimeout(() => server.closeAllConnections(), timeoutMs);
      await closed;
      clearTimeout(forceCloseTimer);
    },
  };
}
