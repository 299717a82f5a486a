import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Reads on after a response that was sent before the body of its request was read, such as a 401 or
 * a 413. Closing the connection at once would reset it: a client that still sends its body then
 * reports a broken pipe instead of the response.
 *
 * Assumes: called before the request is handled.
 * Guarantees: a client that reads only after it has sent its body gets the response. The rest of the
 * body is not kept in memory.
 * Does not guarantee: this beyond `maxDiscardedBytes` and `maxDiscardMs`, when the connection is
 * closed.
 */
export function discardUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  const { headers, socket } = request;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
  // Otherwise Node closes the connection right after the response, if the client has asked for that.
  const isReused = response.shouldKeepAlive;
  response.shouldKeepAlive = true;
  const finish = (): void => {
    if (!isReused) socket.destroySoon();
  };
  response.once('finish', () => {
    if (request.complete) return finish();
    const startBytes = socket.bytesRead;
    const deadlineMs = performance.now() + maxDiscardMs;
    const isBeyond = (): boolean => socket.bytesRead - startBytes > maxDiscardedBytes || performance.now() > deadlineMs;
    const check = setInterval(() => isBeyond() && socket.destroy(), checkIntervalMs);
    request.once('end', finish);
    request.once('close', () => clearInterval(check));
    request.resume();
  });
}

/** The largest body that any setting of TIDINGS_MAX_BODY_BYTES accepts. */
const maxDiscardedBytes = 256 << 20;
const maxDiscardMs = 30_000;
const checkIntervalMs = 100;

/**
 * Delays `100 Continue` until the body is read. A client that waits for it sends no body if its
 * request is rejected before.
 */
export function delayContinue(request: IncomingMessage, response: ServerResponse): void {
  awaitingContinue.set(request, response);
  response.setHeader('connection', 'close'); // a request without its body cannot be followed by another one
}

/** Asks a client that waits for it to send the body. */
export function requestBody(request: IncomingMessage): void {
  const response = awaitingContinue.get(request);
  if (response === undefined) return;
  awaitingContinue.delete(request);
  response.removeHeader('connection');
  response.writeContinue();
}

const awaitingContinue = new WeakMap<IncomingMessage, ServerResponse>();
