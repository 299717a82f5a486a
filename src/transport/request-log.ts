import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';

/**
 * The id of a request in the logs: `x-request-id` as a client or proxy set it, if it is a short
 * token, else a UUID.
 */
export function requestIdOf(request: IncomingMessage): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
  ids.set(request, id);
  return id;
}

const ids = new WeakMap<IncomingMessage, string>();

/**
 * Returns the request id to the client in `x-request-id`, and logs the finished request at level
 * info. The query string is not logged, because it may contain secrets.
 */
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
        status: response.writableFinished ? response.statusCode : null, // null: the client disconnected, or its key ended
        ms: Math.round(performance.now() - startedMs),
        address: request.socket.remoteAddress,
      },
      'request',
    );
  });
}
