import type { IncomingMessage } from 'node:http';

/**
 * Reads a request's body, up to `most` bytes, and leaves it on the request as `body`, where Yoga looks for it first.
 * False when it is larger; then the rest was not read.
 */
export async function takeBody(request: IncomingMessage, most: number): Promise<boolean> {
  if (Number(request.headers['content-length'] ?? 0) > most) return false;
  if (request.method === 'GET' || request.method === 'HEAD') return true;
  const chunks = await read(request, most);
  if (chunks === null) return false;
  Object.assign(request, { body: new Body(chunks) });
  return true;
}

/** The body that `takeBody` has read; null when it has not. */
export function bodyOf(request: IncomingMessage): Body | null {
  return 'body' in request && request.body instanceof Body ? request.body : null;
}

/** Null: there is more. */
async function read(request: IncomingMessage, most: number): Promise<readonly Buffer[] | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= most) return;
      request.pause();
      resolve(null);
    });
    request.once('end', () => resolve(chunks));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the request was broken off')));
  });
}

/**
 * A body that was read. Yoga counts the keys of what it is given, of which a Buffer has one for each byte: that took more
 * time than anything else about a large batch.
 */
class Body {
  constructor(private readonly chunks: readonly Buffer[]) {}

  text(): string {
    const [only] = this.chunks;
    return (this.chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.chunks)).toString();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    yield* this.chunks;
  }
}
