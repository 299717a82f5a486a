import { open, type FileHandle } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TidingsError } from '../../errors.ts';

/** The lines of a file or of standard input. Memory holds one line and one chunk at a time. */
export interface Lines extends AsyncIterable<Line>, Disposable {
  /** Bytes of the file; null if unknown, as for standard input. */
  readonly size: number | null;
  /** Bytes read so far, before decompression. */
  bytesRead(): number;
}

export interface Line {
  /** Starts at 1. */
  readonly number: number;
  /** Without the line feed; null for a line longer than `maxLineBytes`. */
  readonly bytes: Buffer | null;
}

/** Twice the maximum of TIDINGS_MAX_EVENT_BYTES. */
export const maxLineBytes = 32 * 1024 * 1024;

/** Opens `path`, or standard input for "-". Throws BAD_USER_INPUT if it cannot be read. */
export async function openLines(path: string): Promise<Lines> {
  const file = path === '-' ? null : await openFile(path);
  const size = file === null ? null : await sizeOf(file, path);
  let read = 0;
  const stream = file === null ? process.stdin : file.createReadStream();
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
  }
  const lines = readLines(chunks(), path);
  return {
    size,
    bytesRead: () => read,
    [Symbol.asyncIterator]: () => lines,
    // `return()` of the generator would wait for a chunk, which standard input may never deliver.
    [Symbol.dispose]: () => void stream.destroy(),
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function sizeOf(file: FileHandle, path: string): Promise<number | null> {
  const stat = await file.stat();
  if (!stat.isDirectory()) return stat.isFile() ? stat.size : null;
  await file.close();
  throw new TidingsError('BAD_USER_INPUT', `${path}: expected a file of event documents, got a directory.`);
}

async function* readLines(chunks: AsyncGenerator<Buffer>, path: string): AsyncGenerator<Line, undefined> {
  try {
    yield* split(await decompressed(chunks));
  } catch (error) {
    throw error instanceof TidingsError ? error : unreadable(path, error);
  }
}

/** Decompresses the chunks if their first two bytes are those of gzip; ignores the file name. */
async function decompressed(chunks: AsyncGenerator<Buffer>): Promise<AsyncIterable<Buffer>> {
  let start = Buffer.alloc(0);
  while (start.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (start.length > 0) yield start;
    yield* chunks;
  }
  if (start[0] !== 0x1f || start[1] !== 0x8b) return all();
  return pipeline(Readable.from(all()), createGunzip(), () => undefined); // the reader of the result gets the error
}

async function* split(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 1;
  let partial: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, from)) {
      yield { number, bytes: joined(partial, length + at - from, chunk.subarray(from, at)) };
      from = at + 1;
      number += 1;
      [partial, length] = [[], 0];
    }
    length += chunk.length - from;
    if (length > maxLineBytes) partial = [];
    else if (from < chunk.length) partial.push(chunk.subarray(from));
  }
  if (length > 0) yield { number, bytes: joined(partial, length, Buffer.alloc(0)) };
}

function joined(partial: readonly Buffer[], length: number, last: Buffer): Buffer | null {
  if (length > maxLineBytes) return null;
  return partial.length === 0 ? last : Buffer.concat([...partial, last]);
}

function unreadable(path: string, error: unknown): TidingsError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const name = path === '-' ? 'standard input' : path;
  if (code.startsWith('Z_')) return new TidingsError('BAD_USER_INPUT', `${name}: the gzip data is damaged or incomplete (${message}).`);
  if (!/^E[A-Z]+$/.test(code)) throw error;
  const reason = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${message})`;
  return new TidingsError('BAD_USER_INPUT', `${name}: expected a file of event documents, but ${reason}.`, { cause: error });
}

const lineFeed = 0x0a;
