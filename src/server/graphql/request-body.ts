import type { IncomingMessage } from 'node:http';
import { isTooDeep, maxJsonLevels } from '../../transport/json-depth.ts';
import { HttpError } from '../../transport/http-error.ts';
import { readBody } from '../../transport/read-body.ts';
import type { GraphQLParams, Plugin } from 'graphql-yoga';

/**
 * Reads the JSON of a POST, up to `maxBytes`, and leaves it on the request as `body`, where Yoga looks first. Of a GET, checks
 * the parameters. Throws an HttpError for a body that is too large, too deep or wrongly encoded.
 */
export async function readRequestBody(request: IncomingMessage, maxBytes: number): Promise<void> {
  if (request.method === 'GET' || request.method === 'HEAD') return checkParameters(request);
  const bytes = await readBody(request, maxBytes);
  if (isTooDeep([bytes], maxJsonLevels)) throw tooDeep();
  Object.assign(request, { body: new Body(bytes) });
}

/** Yoga reports wrong JSON in the parameters of a GET as a bug of its own. */
function checkParameters({ url = '' }: IncomingMessage): void {
  const parameters = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  for (const name of ['variables', 'extensions']) {
    const text = parameters.get(name) ?? '';
    if (isTooDeep([Buffer.from(text)], maxJsonLevels)) throw tooDeep();
    if (text !== '' && !isValidJson(text)) throw new HttpError(400, `${name}: expected JSON, got something else`);
  }
}

function isValidJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function tooDeep(): HttpError {
  return new HttpError(400, `expected JSON of at most ${maxJsonLevels} levels, got more`, { code: 'LIMIT_EXCEEDED' });
}

/** The body that `readRequestBody` has read; null when it has not. */
function bodyOf(request: IncomingMessage): Body | null {
  return 'body' in request && request.body instanceof Body ? request.body : null;
}

/**
 * A body that was read. Yoga counts the keys of what it is given, and a Buffer has one for each byte: that took more time
 * than anything else about a large batch.
 */
class Body {
  constructor(private readonly bytes: Buffer) {}

  text(): string {
    return this.bytes.toString();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    yield this.bytes;
  }
}

/**
 * Takes a JSON request's parameters from the body that was read already, without the streams that Yoga would put around
 * it. What is no JSON object or list goes the usual way, and gets Yoga's errors.
 */
export function parsedBody(): Plugin<{ readonly req?: IncomingMessage }> {
  return {
    onRequestParse({ serverContext, requestParser, setRequestParser }) {
      const request = (serverContext as { readonly req?: IncomingMessage }).req;
      const body = request === undefined ? null : bodyOf(request);
      if (request === undefined || body === null || requestParser === undefined || !isJsonPost(request)) return;
      setRequestParser((input) => parseParams(body.text()) ?? requestParser(input));
    },
  };
}

function isJsonPost({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && /^application\/json(;|$)/.test(headers['content-type'] ?? '');
}

function parseParams(text: string): GraphQLParams | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as GraphQLParams | null) : null;
  } catch {
    return null;
  }
}
