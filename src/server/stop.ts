import type { Server, ServerResponse } from 'node:http';

/** Knows the responses that are under way, so that a stop can tell streams, which never finish, from answers. */
export interface UnderWay {
  /**
   * Accepts nothing more, ends the streams, lets answers finish for at most `patienceMs`, and then cuts them off.
   */
  stop(patienceMs: number): Promise<void>;
}

export function trackResponses(server: Server): UnderWay {
  const responses = new Set<ServerResponse>();
  server.on('request', (_request, response: ServerResponse) => {
    responses.add(response);
    response.once('close', () => responses.delete(response));
  });
  return {
    async stop(patienceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const response of responses) if (isStream(response)) response.destroy();
      server.closeIdleConnections();
      const patience = setTimeout(() => server.closeAllConnections(), patienceMs);
      await closed;
      clearTimeout(patience);
    },
  };
}

function isStream(response: ServerResponse): boolean {
  return String(response.getHeader('content-type') ?? '').startsWith('text/event-stream');
}
