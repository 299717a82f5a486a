import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../errors.ts';
import { isTooDeep, mostLevels } from './json-depth.ts';

/** Why a request's body is not looked at, and the status of HTTP that says so. */
export interface Refusal {
  readonly status: 400 | 413 | 415;
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Reads the JSON of a request, up to `most` bytes, and leaves it on the request as `body`, where Yoga looks for it first.
 * Null, or why it is refused; then the rest was not read.
 */
export async function takeBody(request: IncomingMessage, most: number): Promise<Refusal | null> {
  if (request.method === 'GET' || request.method === 'HEAD') return refusalOfParameters(request);
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

/** Of a GET. Yoga takes wrong JSON in parameters for a bug of its own. */
function refusalOfParameters({ url = '' }: IncomingMessage): Refusal | null {
  const parameters = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  for (const name of ['variables', 'extensions']) {
    const text = parameters.get(name) ?? '';
    if (isTooDeep([Buffer.from(text)], mostLevels)) return tooDeep;
    if (text !== '' && !isJson(text)) return { status: 400, code: 'BAD_USER_INPUT', message: `${name}: expected JSON, got something else` };
  }
  return null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function tooLarge(most: number): Refusal {
  return { status: 413, code: 'LIMIT_EXCEEDED', message: `expected a body of at most ${most} bytes` };
}

const tooDeep: Refusal = { status: 400, code: 'LIMIT_EXCEEDED', message: `expected JSON of at most ${mostLevels} levels, got more` };
const noJson: Refusal = { status: 415, code: 'BAD_USER_INPUT', message: 'expected a body of the content type application/json' };

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
