import { isJsonObject } from '../../json/exact-number.ts';
import { parseJson } from '../../json/parse-json.ts';
import { errorCodes, TidingsError, type ErrorCode } from '../../errors.ts';
import { printable } from '../terminal/format-text.ts';
import type { Endpoint } from './endpoint.ts';

/** The HTTP body of an operation. */
export function bodyOf(query: string, variables = '{}'): string {
  return `{"query":${JSON.stringify(query)},"variables":${variables}}`;
}

/** The result of one attempt: data, a reason why a later attempt can succeed, or an error. */
export type RequestResult = { readonly data: unknown } | { readonly unavailable: string } | { readonly rejected: TidingsError };

/** Sends an operation over HTTP, once. */
export async function request(endpoint: Endpoint, body: string, signal: AbortSignal): Promise<RequestResult> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(endpoint.http, { method: 'POST', headers: headersFor(endpoint), body, signal });
    status = response.status;
    text = await response.text();
  } catch (error) {
    const { message, isTemporary } = networkFailureOf(error);
    return isTemporary ? { unavailable: message } : { rejected: notTidings(endpoint, message) };
  }
  return readResponse(endpoint, status, text);
}

interface GraphQLResponse {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFailure[];
}

export interface GraphQLFailure {
  readonly message: string;
  readonly extensions?: { readonly code?: unknown; readonly retryAfterMs?: unknown };
}

/** Classifies the errors of a GraphQL response. */
export function failureOf(errors: readonly GraphQLFailure[]): Exclude<RequestResult, { data: unknown }> {
  const [first] = errors;
  const message = printable(first?.message ?? 'The server rejected the operation without a message.');
  const code = first?.extensions?.code;
  // Waiting helps for a rate limit, as for a database that cannot be reached.
  if (code === 'UNAVAILABLE' || typeof first?.extensions?.retryAfterMs === 'number') return { unavailable: message };
  // Here, BAD_USER_INPUT means invalid arguments, which this program checks itself. An operation
  // that the server rejects is another error.
  return { rejected: new TidingsError(isErrorCode(code) && code !== 'BAD_USER_INPUT' ? code : 'UNAVAILABLE', message) };
}

function readResponse(endpoint: Endpoint, status: number, text: string): RequestResult {
  const response = parseResponse(text);
  if (status >= 500) return { unavailable: `HTTP status ${status}` };
  if (response?.errors !== undefined) return failureOf(response.errors);
  if (response?.data === undefined) return { rejected: notTidings(endpoint, `a response with status ${status} that is not GraphQL`) };
  return { data: response.data };
}

function parseResponse(text: string): GraphQLResponse | null {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function notTidings(endpoint: Endpoint, got: string): TidingsError {
  return new TidingsError(
    'UNAVAILABLE',
    `Expected a Tidings server at ${endpoint.displayUrl}, got ${printable(got.trim())}. Set --url to its address.`,
  );
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}

/** Why `fetch` failed: unwraps the cause, also from the aggregate of several addresses. */
export function networkFailureOf(error: unknown): { readonly message: string; readonly isTemporary: boolean } {
  let message = String(error);
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each.name === 'TimeoutError') return { message: 'no response in time', isTemporary: true };
    if ('code' in each && typeof each.code === 'string') {
      return { message: each.message || each.code, isTemporary: unavailableCodes.has(each.code) };
    }
    message = each.message;
  }
  return { message, isTemporary: false };
}

function headersFor({ key }: Endpoint): Record<string, string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return key === null ? headers : { ...headers, authorization: `Bearer ${key}` };
}

/** Codes of Node and of its fetch for a server that is missing or lost. A retry fixes no others. */
const unavailableCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
