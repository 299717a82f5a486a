import type { IncomingMessage } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { HttpError } from './http-error.ts';
import { requestBody } from './unread-body.ts';
import { isZstdFrame } from './zstd-frame.ts';

/**
 * Reads a whole request body, and decompresses it. Throws an HttpError: 413 if it has more than
 * `maxBytes` bytes, compressed or not, without reading the rest; 415 for another encoding; 422 for
 * invalid compressed data.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const given = request.headers['content-encoding'] ?? '';
  const encoding = given.trim().toLowerCase();
  if (encoding !== '' && encoding !== 'identity' && !decompressors.has(encoding)) throw unknownEncoding(given);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  requestBody(request);
  const createDecompressor = decompressors.get(encoding);
  if (createDecompressor === undefined) return collect(request, maxBytes);
  if (encoding === 'gzip' || encoding === 'x-gzip') return decompress(request, createDecompressor(), { encoding, maxBytes });
  const compressed = await collect(request, maxBytes);
  if (encoding === 'zstd' && !isZstdFrame(compressed)) throw invalidData(encoding, 'not one complete frame');
  const isRaw = encoding === 'deflate' && !hasZlibHeader(compressed);
  return decompress(Readable.from([compressed]), isRaw ? zlib.createInflateRaw() : createDecompressor(), { encoding, maxBytes });
}

type CreateDecompressor = (options?: object) => Transform;

const decompressors: ReadonlyMap<string, CreateDecompressor> = new Map<string, CreateDecompressor>([
  ['gzip', zlib.createGunzip],
  ['x-gzip', zlib.createGunzip],
  ['deflate', zlib.createInflate],
  ...zstd(),
]);

/** Zstandard, which Node has from 22.15 on, with the window of RFC 9659: 8 MB. */
function zstd(): readonly [string, CreateDecompressor][] {
  const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: CreateDecompressor };
  const { ZSTD_d_windowLogMax: windowLogMax } = zlib.constants as { readonly ZSTD_d_windowLogMax?: number };
  if (createZstdDecompress === undefined || windowLogMax === undefined) return [];
  return [['zstd', () => createZstdDecompress({ params: { [windowLogMax]: 23 } })]];
}

function unknownEncoding(given: string): HttpError {
  const accepted = [...decompressors.keys()].filter((name) => name !== 'x-gzip').join(', ');
  const message = `content-encoding: expected ${accepted} or none, got ${JSON.stringify(given)}`;
  return new HttpError(415, message, { headers: { 'accept-encoding': accepted } });
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
    if (error instanceof Error && 'code' in error && /^(?:Z_|ZSTD_)/.test(String(error.code))) {
      throw invalidData(encoding, error.message);
    }
    throw error;
  } finally {
    source.unpipe(decompressor);
    decompressor.destroy();
  }
}

function invalidData(encoding: string, reason: string): HttpError {
  return new HttpError(422, `content-encoding: expected ${encoding}, got invalid data (${reason})`);
}

/**
 * Does not destroy the stream, because the response to an unread request needs its connection. Events
 * take a third of the time that an iterator takes for a small body.
 */
function collect(stream: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (error?: unknown): void => {
      stream.off('data', add).off('end', end).off('error', settle).off('close', close);
      if (error === undefined) return resolve(Buffer.concat(chunks));
      stream.pause();
      reject(error);
    };
    const add = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > maxBytes) settle(tooLarge(maxBytes));
    };
    const end = (): void => settle();
    const close = (): void => settle(Object.assign(new Error('the client disconnected'), { code: 'ECONNRESET' }));
    if (stream.readableEnded) return end();
    if (stream.destroyed) return close();
    stream.on('data', add).on('end', end).on('error', settle).on('close', close);
  });
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(
    413,
    `expected a body of at most ${maxBytes} bytes, uncompressed; send it in parts, or raise TIDINGS_MAX_BODY_BYTES`,
  );
}
