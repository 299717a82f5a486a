import { errorCodes, TidingsError, type ErrorCode } from '../../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { printable } from '../terminal/format-text.ts';

/** An operation as the text of an HTTP body. */
export function bodyOf(query: string, variables = '{}'): string {
  return `{"query":${JSON.stringify(query)},"variables":${variables}}`;
}

/** What came of one attempt: data; a server that is away, so that a later attempt may succeed; or a refusal. */
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
    const reason = reasonOf(error);
    return unavailableCodes.has(reason.code) ? { unavailable: reason.message } : { rejected: notTidings(endpoint, reason.message) };
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

/** What the errors of a GraphQL answer mean. */
export function failureOf(errors: readonly GraphQLFailure[]): Exclude<RequestResult, { data: unknown }> {
  const [first] = errors;
  const message = printable(first?.message ?? 'The server refused the operation without saying why.');
  const code = first?.extensions?.code;
  // Beyond a limit that passes it helps to wait, as when the database is away.
  if (code === 'UNAVAILABLE' || typeof first?.extensions?.retryAfterMs === 'number') return { unavailable: message };
  // Of wrong words this program judges itself; what a server finds wrong with an operation is no such thing.
  return { rejected: new TidingsError(isErrorCode(code) && code !== 'BAD_USER_INPUT' ? code : 'UNAVAILABLE', message) };
}

function readResponse(endpoint: Endpoint, status: number, text: string): RequestResult {
  const response = parseResponse(text);
  if (status >= 500) return { unavailable: `it answered with status ${status}` };
  if (response?.errors !== undefined) return failureOf(response.errors);
  if (response?.data === undefined) return { rejected: notTidings(endpoint, `an answer with status ${status} that is not GraphQL`) };
  return { data: response.data };
}

function parseResponse(text: string): GraphQLResponse | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function notTidings(endpoint: Endpoint, got: string): TidingsError {
  return new TidingsError(
    'UNAVAILABLE',
    `expected a Tidings server at ${endpoint.displayUrl}, got ${got}; set --url to the address of one`,
  );
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}

/** fetch wraps the reason in "fetch failed", and many addresses of one name in an aggregate. */
function reasonOf(error: unknown): { readonly code: string; readonly message: string } {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each.name === 'TimeoutError') return { code: 'ETIMEDOUT', message: 'it did not answer in time' };
    if ('code' in each && typeof each.code === 'string') return { code: each.code, message: each.message || each.code };
  }
  return { code: '', message: String(error) };
}

function headersFor({ authorization }: Endpoint): Record<string, string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return authorization === null ? headers : { ...headers, authorization };
}

/** Codes of node and of its fetch for a server that is not there, or went away; anything else will not mend itself. */
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
