import type { IncomingMessage } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { HttpError } from './http-error.ts';

/**
 * Reads a whole request body, and decompresses it. Throws an HttpError: 413 if it has more than
 * `maxBytes` bytes, compressed or not, without reading the rest; 415 for another encoding; 422 for
 * invalid compressed data.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const given = request.headers['content-encoding'] ?? '';
  const encoding = given.trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return collect(request, maxBytes);
  if (encoding === 'gzip' || encoding === 'x-gzip') return decompress(request, createGunzip(), { encoding, maxBytes });
  if (encoding === 'deflate') {
    const compressed = await collect(request, maxBytes);
    const inflate = hasZlibHeader(compressed) ? createInflate() : createInflateRaw();
    return decompress(Readable.from([compressed]), inflate, { encoding, maxBytes });
  }
  throw new HttpError(415, `content-encoding: expected gzip, deflate or none, got ${JSON.stringify(given)}`);
}

/** Whether data has the header of RFC 1950. Some clients send `deflate` without it. */
function hasZlibHeader([first = 0, second = 0]: Buffer): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

interface Encoded {
  readonly encoding: string;
  readonly maxBytes: number;
}

async function decompress(source: Readable, decompressor: Transform, { encoding, maxBytes }: Encoded): Promise<Buffer> {
  source.once('error', (error) => decompressor.destroy(error)); // the client disconnected, which pipe does not pass on
  source.pipe(decompressor);
  try {
    return await collect(decompressor, maxBytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new HttpError(422, `content-encoding: expected ${encoding}, got invalid data (${error.message})`);
    }
    throw error;
  } finally {
    source.unpipe(decompressor);
    decompressor.destroy();
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
