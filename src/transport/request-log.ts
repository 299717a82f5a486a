import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';

/** What a request is called in the logs: what its client, or a proxy before the server, calls it in x-request-id; else a UUID. */
export function requestIdOf(request: IncomingMessage): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
  ids.set(request, id);
  return id;
}

const ids = new WeakMap<IncomingMessage, string>();

/** Tells the client what its request is called, and logs it at level info when it was answered. Its query string may hold secrets, and is not logged. */
export function logRequest(logger: Logger, request: IncomingMessage, response: ServerResponse): void {
  const requestId = requestIdOf(request);
  response.setHeader('x-request-id', requestId);
  if (!logger.isLevelEnabled('info')) return;
  const startedMs = performance.now();
  response.once('close', () => {
    logger.info(
      {
        requestId,
        method: request.method,
        path: request.url?.split('?')[0],
        status: response.writableFinished ? response.statusCode : null, // null: the client went away, or its key ended
        ms: Math.round(performance.now() - startedMs),
        address: request.socket.remoteAddress,
      },
      'request',
    );
  });
}
