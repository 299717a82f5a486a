import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Knows the responses that are under way, so that a stop can tell streams, which never finish, from answers. */
export interface UnderWay {
  /**
   * Accepts nothing more, ends the streams, lets answers finish for at most `patienceMs`, and then cuts them off.
   */
  stop(patienceMs: number): Promise<void>;
}

export function trackResponses(server: Server): UnderWay {
  const underWay = new Map<ServerResponse, IncomingMessage>();
  server.on('request', (request, response: ServerResponse) => {
    underWay.set(response, request);
    response.once('close', () => underWay.delete(response));
  });
  return {
    async stop(patienceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const [response, request] of underWay) if (asksForStream(request)) response.destroy();
      server.closeIdleConnections();
      const patience = setTimeout(() => server.closeAllConnections(), patienceMs);
      await closed;
      clearTimeout(patience);
    },
  };
}

function asksForStream({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/event-stream') ?? false;
}
