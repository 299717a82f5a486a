import type { IncomingMessage } from 'node:http';
import { isTooDeep, mostLevels } from '../../transport/json-depth.ts';
import type { Refusal } from '../../transport/http-error.ts';

/**
 * Reads the JSON of a request, up to `most` bytes, and leaves it on the request as `body`, where Yoga looks for it first.
 * Null, or why it is refused; then the rest was not read.
 */
export async function takeBody(request: IncomingMessage, most: number): Promise<Refusal | null> {
  if (request.method === 'GET' || request.method === 'HEAD') return refusalOfParameters(request);
  if (Number(request.headers['content-length'] ?? 0) > most) return tooLarge(most);
  const chunks = await read(request, most);
  if (chunks === null) return tooLarge(most);
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
