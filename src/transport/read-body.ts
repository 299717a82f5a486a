import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { HttpError } from './http-error.ts';

/**
 * Reads a request's body whole, unpacked if it is gzip. Throws a 413 when it has more than `most` bytes, packed or
 * unpacked, whereupon nothing more of it is read; a 415 for another encoding, a 422 for what is no gzip.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  switch (request.headers['content-encoding'] ?? 'identity') {
    case 'identity':
      return collect(request, maxBytes);
    case 'gzip':
      return decompress(request, maxBytes);
    default:
      throw new HttpError(415, 'content-encoding: expected gzip, or none');
  }
}

async function decompress(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const gunzip = createGunzip();
  request.once('close', () => {
    if (!request.complete) gunzip.destroy(); // the client has gone
  });
  request.pipe(gunzip);
  try {
    return await collect(gunzip, maxBytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new HttpError(422, `content-encoding: expected gzip, got what is none (${error.message})`);
    }
    throw error;
  } finally {
    request.unpipe(gunzip);
    gunzip.destroy();
  }
}

/** The stream is left as it is, so that an answer can go out on a connection whose request was not read to its end. */
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
