import type { IncomingMessage } from 'node:http';
import { isTooDeep, mostLevels } from './json-depth.ts';

/** Why a request's body is not looked at, and the status of HTTP that says so. */
export interface Refusal {
  readonly status: 400 | 413 | 415;
  readonly message: string;
}

/**
 * Reads the JSON of a request, up to `most` bytes, and leaves it on the request as `body`, where Yoga looks for it first.
 * Null, or why it is refused; then the rest was not read.
 */
export async function takeBody(request: IncomingMessage, most: number): Promise<Refusal | null> {
  if (request.method === 'GET' || request.method === 'HEAD') return isTooDeep([variablesOf(request)], mostLevels) ? tooDeep : null;
  // Forms and plain text, which any web page may send without being asked, are no way in.
  if (request.method === 'POST' && !/^application\/(graphql\+)?json\s*(;|,|$)/i.test(request.headers['content-type'] ?? '')) return noJson;
  if (Number(request.headers['content-length'] ?? 0) > most) return tooLarge(most);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) return tooLarge(most);
    chunks.push(chunk);
  }
  if (isTooDeep(chunks, mostLevels)) return tooDeep;
  Object.assign(request, { body: new Body(chunks) });
  return null;
}

function variablesOf({ url = '' }: IncomingMessage): Buffer {
  return Buffer.from(new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('variables') ?? '');
}

function tooLarge(most: number): Refusal {
  return { status: 413, message: `expected a body of at most ${most} bytes` };
}

const tooDeep: Refusal = { status: 400, message: `expected JSON of at most ${mostLevels} levels, got more` };
const noJson: Refusal = { status: 415, message: 'expected a body of the content type application/json' };

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
