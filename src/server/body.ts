import type { IncomingMessage } from 'node:http';

/**
 * Reads a request's body, up to `most` bytes, and leaves it on the request as `body`, where Yoga looks for it first.
 * False when it is larger; then the rest was not read.
 */
export async function takeBody(request: IncomingMessage, most: number): Promise<boolean> {
  if (Number(request.headers['content-length'] ?? 0) > most) return false;
  if (request.method === 'GET' || request.method === 'HEAD') return true;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) return false;
    chunks.push(chunk);
  }
  Object.assign(request, { body: new Body(chunks) });
  return true;
}

/**
 * A body that was read. Yoga counts the keys of what it is given, of which a Buffer has one for each byte: that took more
 * time than anything else about a large batch.
 */
class Body {
  constructor(private readonly chunks: readonly Buffer[]) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    yield* this.chunks;
  }
}
