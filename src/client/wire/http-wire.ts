import type { Address } from './address.ts';
import { TidingsError, tidingsErrorOf } from './client-error.ts';
import type { KeySource } from './key-source.ts';
import { parseLossless, stringifyLossless } from './lossless-json.ts';

/** What sends requests, and where. */
export interface HttpParts {
  readonly address: Address;
  readonly keys: KeySource;
  readonly fetch: typeof fetch;
}

export interface Operation {
  readonly query: string;
  /** Serialized, so that events that are sent again are not encoded again. */
  readonly variables: string;
}

export function operationOf(query: string, variables: object = {}): Operation {
  return { query, variables: stringifyLossless(variables) };
}

export function bodyOf({ query, variables }: Operation): string {
  return `{"query":${JSON.stringify(query)},"variables":${variables}}`;
}

/**
 * Sends an operation once, or twice with another key if the first one was rejected. Returns its
 * data. Throws a TidingsError, or the reason of the signal.
 */
export async function send<T>(parts: HttpParts, operation: Operation, signal: AbortSignal): Promise<T> {
  const response = await post(parts, { body: bodyOf(operation), accept: 'application/json' }, signal);
  const text = await response.text().catch((error: unknown) => {
    signal.throwIfAborted();
    throw tidingsErrorOf(error);
  });
  const result = resultOf(text);
  if (result?.errors !== undefined || result?.data === undefined) throw responseError(parts.address, response, result);
  return result.data as T;
}

export interface PostRequest {
  readonly body: string;
  readonly accept: string;
}

/** The response to a request, after another attempt with a new key if the key was rejected. */
export async function post(parts: HttpParts, { body, accept }: PostRequest, signal: AbortSignal): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const authorization = await parts.keys.authorization();
    const headers = { 'content-type': 'application/json', accept, ...(authorization !== null && { authorization }) };
    const response = await parts.fetch(parts.address.http, { method: 'POST', headers, body, signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      const { message } = tidingsErrorOf(error);
      throw new TidingsError('UNAVAILABLE', `${parts.address.shown} cannot be reached (${message}).`, { cause: error });
    });
    if (response.status !== 401 || !parts.keys.replace(authorization) || attempt > 1) return response;
    await response.body?.cancel();
  }
}

export interface GraphQLResult {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFailure[];
}

export interface GraphQLFailure {
  readonly message: string;
  readonly extensions?: { readonly code?: unknown; readonly retryAfterMs?: unknown };
}

export function errorOf(failures: readonly GraphQLFailure[], retryAfter: number | null = null): TidingsError {
  const { message = 'The server rejected the operation without a message.', extensions = {} } = failures[0] ?? {};
  const { code, retryAfterMs } = extensions;
  return new TidingsError(typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR', message, {
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : retryAfter,
  });
}

/** The error of a response that is no success. */
export function responseError(address: Address, response: Response, result: GraphQLResult | null): TidingsError {
  const { status } = response;
  const header = Number(response.headers.get('retry-after') ?? NaN);
  const retryAfterMs = Number.isFinite(header) ? header * 1000 : null;
  if (result?.errors !== undefined) return errorOf(result.errors, retryAfterMs);
  const message = `${address.shown} returned the HTTP status ${status}.`;
  if (status === 408 || status === 429 || status >= 500) return new TidingsError('UNAVAILABLE', message, { retryAfterMs });
  const code = codesByStatus[status];
  if (code !== undefined) return new TidingsError(code, message);
  return new TidingsError(
    'NOT_TIDINGS',
    `Expected a Tidings server at ${address.shown}, got a response with status ${status} that is not GraphQL.`,
  );
}

export function resultOf(text: string): GraphQLResult | null {
  try {
    const value = parseLossless(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

const codesByStatus: Readonly<Record<number, string>> = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN', 413: 'LIMIT_EXCEEDED' };
