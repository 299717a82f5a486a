import type { ServerResponse } from 'node:http';
import { TidingsError, type ErrorCode } from '../errors.ts';

/** An expected error that ends one HTTP request with a status. */
export class HttpError extends Error {
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: TidingsError['extensions'];

  constructor(
    readonly status: number,
    message: string,
    { code, headers = {}, extensions }: HttpErrorDetails = {},
  ) {
    super(message);
    this.code = code ?? (status === 413 ? 'LIMIT_EXCEEDED' : 'BAD_USER_INPUT');
    this.headers = headers;
    this.extensions = extensions ?? { code: this.code };
  }
}

interface HttpErrorDetails {
  readonly code?: ErrorCode;
  readonly headers?: Readonly<Record<string, string>>;
  /** The extensions in a response of the GraphQL form. By default the code. */
  readonly extensions?: TidingsError['extensions'];
}

/** An expected error as an HTTP error; null for a bug. */
export function httpErrorOf(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error;
  if (!(error instanceof TidingsError)) return null;
  const { code, message, extensions } = error;
  const { retryAfterMs = defaultRetryMs } = extensions;
  const status = code === 'LIMIT_EXCEEDED' && extensions.retryAfterMs !== undefined ? 429 : statuses[code];
  const headers = {
    ...((status === 429 || status === 503) && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    ...(status === 401 && { 'www-authenticate': 'Bearer realm="Tidings"' }),
  };
  return new HttpError(status, message, { code, headers, extensions });
}

const statuses: Readonly<Record<ErrorCode, number>> = {
  BAD_USER_INPUT: 422,
  BAD_CURSOR: 403,
  CURSOR_EXPIRED: 410,
  BAD_FILTER: 422,
  LIMIT_EXCEEDED: 422,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  UNAVAILABLE: 503,
  CANCELLED: 499, // never sent: the client has left
  CANNOT_START: 500,
};
const defaultRetryMs = 1000;

/** Ends a request with an error in the form of a GraphQL response. */
export function rejectRequest(response: ServerResponse, { status, message, extensions, headers }: HttpError): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(JSON.stringify({ errors: [{ message, extensions }] }));
}
