import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { HttpError } from './http-error.ts';

/**
 * Reads a whole request body, and decompresses gzip. Throws an HttpError: 413 if it has more than
 * `maxBytes` bytes, compressed or not, without reading the rest; 415 for another encoding; 422 for
 * invalid gzip.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return collect(request, maxBytes);
  if (encoding === 'gzip') return decompress(request, maxBytes);
  throw new HttpError(415, `content-encoding: expected gzip or none, got ${JSON.stringify(encoding)}`);
}

async function decompress(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const gunzip = createGunzip();
  request.once('error', (error) => gunzip.destroy(error)); // the client disconnected, which pipe does not pass on
  request.pipe(gunzip);
  try {
    return await collect(gunzip, maxBytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new HttpError(422, `content-encoding: expected gzip, got invalid data (${error.message})`);
    }
    throw error;
  } finally {
    request.unpipe(gunzip);
    gunzip.destroy();
  }
}

/** Does not destroy the stream, because the response to an unread request needs its connection. */
async function collect(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(
    413,
    `expected a body of at most ${maxBytes} bytes, uncompressed; send it in parts, or raise TIDINGS_MAX_BODY_BYTES`,
  );
}
