import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { runInSlices, yieldToEventLoop } from '../../concurrency/time-slices.ts';
import { isJsonObject } from '../../json/exact-number.ts';
import { parseJsonInSteps } from '../../json/parse-in-steps.ts';
import { parseJson } from '../../json/parse-json.ts';
import { HttpError } from '../../transport/http-error.ts';
import { jsonExcess, jsonExcessInSteps } from '../../transport/json-bounds.ts';
import { readBody } from '../../transport/read-body.ts';

/**
 * Reads the JSON of a POST, up to `maxBytes`, and sets it on the request as `body`, which Yoga
 * prefers. Checks the parameters of a GET. Returns the number of bytes. Throws an HttpError for a body that is too large, too
 * deep or wrongly encoded.
 */
export async function readRequestBody(request: IncomingMessage, maxBytes: number): Promise<number> {
  if (request.method === 'GET' || request.method === 'HEAD') {
    checkParameters(request);
    return 0;
  }
  const mediaType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== undefined) request.headers['content-type'] = mediaType; // Yoga knows one spelling only
  const bytes = await readBody(request, maxBytes);
  if (bytes.length > minLargeBytes) await yieldToEventLoop(); // putting it together took some time
  checkExcess(await runInSlices(jsonExcessInSteps(bytes)));
  Object.assign(request, { body: new Body(bytes) });
  return bytes.length;
}

/** Without this, Yoga reports invalid JSON in the parameters of a GET as an unexpected error. */
function checkParameters({ url = '' }: IncomingMessage): void {
  const parameters = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  for (const name of ['variables', 'extensions']) {
    const text = parameters.get(name) ?? '';
    checkExcess(jsonExcess(Buffer.from(text)));
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

function checkExcess(excess: string | null): void {
  if (excess !== null) throw new HttpError(400, `expected smaller JSON, got ${excess}; split the request`, { code: 'LIMIT_EXCEEDED' });
}

/** The body that `readRequestBody` has set, of a request with JSON; null if there is none. */
export function jsonBodyOf(request: IncomingMessage): JsonBody | null {
  const body = bodyOf(request);
  return body !== null && isJsonPost(request) ? body : null;
}

export interface JsonBody {
  /** The parameters; null if they cannot be parsed. Parses once. */
  params(): Promise<GraphQLParams | null>;
  /** Yoga would parse it in one step, and write all of it into an error. */
  readonly isLarge: boolean;
  /** Drops the bytes and the parameters: the request, and so its body, lives as long as its subscription. */
  release(): void;
}

function bodyOf(request: IncomingMessage): Body | null {
  return 'body' in request && request.body instanceof Body ? request.body : null;
}

/**
 * Wraps a body for Yoga, which counts the keys of the object that it is given. A Buffer has one for
 * each byte: counting them took most of the time of a large batch.
 */
class Body implements JsonBody {
  private parsed: GraphQLParams | null | undefined;

  readonly isLarge: boolean;

  constructor(private bytes: Buffer) {
    this.isLarge = bytes.length > minLargeBytes;
  }

  async params(): Promise<GraphQLParams | null> {
    if (this.parsed === undefined) this.parsed = await parseParams(this.bytes);
    return this.parsed;
  }

  release(): void {
    this.bytes = noBytes;
    this.parsed = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    yield this.bytes;
  }
}

/**
 * Parses a JSON request from the body that was read already, without the streams that Yoga would
 * wrap around it, and the parameters of a GET. Numbers keep their value, which `JSON.parse` would
 * round. Yoga handles what cannot be parsed, and reports the errors.
 */
export function parsedBody(): Plugin<{ readonly req?: IncomingMessage }> {
  return {
    onRequestParse({ serverContext, requestParser, setRequestParser }) {
      const request = (serverContext as { readonly req?: IncomingMessage }).req;
      if (request === undefined || requestParser === undefined) return;
      const { method, url = '' } = request;
      const body = jsonBodyOf(request);
      if (method === 'GET') setRequestParser((input) => parseParameters(url) ?? requestParser(input));
      else if (body !== null)
        setRequestParser(async (input) => {
          const params = await body.params();
          if (params === null && body.isLarge) throw notParameters();
          if (params === null) return requestParser(input);
          body.release();
          return params;
        });
    },
  };
}

function notParameters(): GraphQLError {
  const extensions = { code: 'BAD_REQUEST', http: { status: 400, spec: true } };
  return new GraphQLError('the body: expected a JSON object with the parameters of an operation, got something else', { extensions });
}

function isJsonPost({ method, headers }: IncomingMessage): boolean {
  const type = headers['content-type'];
  return method === 'POST' && (type === 'application/json' || type === 'application/graphql+json');
}

function parseParameters(url: string): GraphQLParams | null {
  const parameters = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  const textOf = (name: string): string | undefined => parameters.get(name) || undefined;
  const jsonOf = (name: string): unknown => {
    const text = textOf(name);
    return text === undefined ? undefined : parseJson(text);
  };
  try {
    const [variables, extensions] = [jsonOf('variables'), jsonOf('extensions')];
    return { operationName: textOf('operationName'), query: textOf('query'), variables, extensions } as GraphQLParams;
  } catch {
    return null;
  }
}

/** Ignores the properties that some clients add to those of GraphQL over HTTP, such as `documentId`. */
async function parseParams(bytes: Buffer): Promise<GraphQLParams | null> {
  try {
    const value: unknown = await runInSlices(parseJsonInSteps(bytes, utf8Text));
    if (!isJsonObject(value) && !Array.isArray(value)) return null;
    const { query, variables, operationName, extensions } = value as GraphQLParams;
    const isPersisted = typeof extensions === 'object' && extensions !== null && 'persistedQuery' in extensions;
    if (typeof query !== 'string' && !isPersisted) return value as GraphQLParams; // Yoga rejects it, and names an unknown property
    return { query, variables, operationName, extensions } as GraphQLParams;
  } catch {
    return null;
  }
}

/** Replaces bytes that are not UTF-8, as Yoga does. */
function utf8Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

const noBytes = Buffer.alloc(0);
/** Checking less takes a moment only. */
const minLargeBytes = 256 << 10;
