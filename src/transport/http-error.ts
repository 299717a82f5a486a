import type { ServerResponse } from 'node:http';
import type { ErrorCode } from '../errors.ts';

interface HttpErrorDetails {
  readonly code?: ErrorCode;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of `extensions` beside the code, in a response of the GraphQL form. */
  readonly extensions?: object;
}

/** An expected error that ends one HTTP request with this status. */
export class HttpError extends Error {
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: object;

  constructor(
    readonly status: number,
    message: string,
    { code, headers = {}, extensions = {} }: HttpErrorDetails = {},
  ) {
    super(message);
    this.code = code ?? (status === 413 ? 'LIMIT_EXCEEDED' : 'BAD_USER_INPUT');
    this.headers = headers;
    this.extensions = extensions;
  }
}

/** Ends a request with an error in the form of a GraphQL response. The rest of its body is not read. */
export function rejectRequest(response: ServerResponse, { status, code, message, extensions, headers }: HttpError): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    ...headers,
    connection: 'close', // the rest of the body stays unread
  });
  response.end(JSON.stringify({ errors: [{ message, extensions: { code, ...extensions } }] }));
}
