import type { ServerResponse } from 'node:http';
import type { ErrorCode } from '../errors.ts';

export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** What is said beside the code. */
  readonly extensions?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers a request of which nothing more is read, in the form of a GraphQL answer. */
export function refuse(response: ServerResponse, { status, code, message, extensions, headers }: Refusal): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    ...headers,
    connection: 'close', // a body that was sent along is not read
  });
  response.end(JSON.stringify({ errors: [{ message, extensions: { code, ...extensions } }] }));
}
