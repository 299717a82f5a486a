import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import type { Callers } from '../auth/api-key-cache.ts';
import { TidingsError, type ErrorCode } from '../errors.ts';
import type { AuditLog } from '../ingest/audit-log.ts';
import type { RateLimit } from '../transport/rate-limit.ts';
import { addressOf } from '../transport/client.ts';
import { HttpError } from '../transport/http-error.ts';
import type { Metrics } from '../metrics.ts';

/** What a door answers a request with: a value as JSON, or its text, or no body. */
export interface HttpResponse {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RequestHandlerParts {
  readonly callers: Callers;
  readonly rateLimit: RateLimit;
  /** Told of those who may not. */
  readonly audit: Pick<AuditLog, 'rejected'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The door that it came through. */
  readonly protocol: string;
}

/** Somebody who was let in. */
export interface AuthenticatedRequest {
  readonly caller: Caller;
  /** Takes this from what they may ask for in a minute. Throws LIMIT_EXCEEDED when it is not there. */
  readonly charge: (cost: number) => void;
}

/** Finds out who asks, and answers with what `answer` has to say to them, or with the error that it throws. */
export async function handleRequest(
  { callers, rateLimit, audit, metrics, logger }: RequestHandlerParts,
  { request, response, protocol }: Exchange,
  respond: (authenticated: AuthenticatedRequest) => Promise<HttpResponse>,
): Promise<void> {
  const address = addressOf(request);
  let known: Caller | undefined;
  try {
    const caller = (known = await callers.identify(request.headers.authorization));
    send(response, await respond({ caller, charge: (cost) => rateLimit.takeOrThrow({ caller, address }, cost) }));
  } catch (error) {
    const reason = reasonOf(error);
    if (reason !== null) metrics.rejectedRequests.inc({ reason });
    if (reason === 'UNAUTHENTICATED' || reason === 'FORBIDDEN')
      audit.rejected({ reason, protocol, address, ...(known && { caller: known }) });
    // The client has gone: nobody is there to hear of it, and its half of a body is no bug.
    if (request.destroyed && !request.complete) return;
    const errorResponse = errorResponseOf(error);
    if (errorResponse === null) reportBug({ metrics, logger }, error);
    // What is left of the body is not read.
    if (!request.complete) response.setHeader('connection', 'close');
    send(
      response,
      errorResponse ?? { status: 500, json: { exception_message: 'Something went wrong on the server; it was logged there.' } },
    );
  }
}

/** Logs what no client can cause by itself, and counts it. */
export function reportBug({ metrics, logger }: Pick<RequestHandlerParts, 'metrics' | 'logger'>, error: unknown): void {
  metrics.failures.inc();
  logger.error({ err: error }, 'unexpected error');
}

/** By which code a refusal is counted; null for a bug. */
function reasonOf(error: unknown): ErrorCode | null {
  if (error instanceof TidingsError) return error.code;
  return error instanceof HttpError ? error.code : null;
}

/** What an expected error is as a reply; null for a bug. */
function errorResponseOf(error: unknown): HttpResponse | null {
  if (error instanceof HttpError) return { status: error.status, json: { exception_message: error.message }, headers: error.headers };
  if (!(error instanceof TidingsError)) return null;
  const { code, message, inputPath: where, extensions } = error;
  const { retryAfterMs } = extensions;
  const status = code === 'LIMIT_EXCEEDED' && retryAfterMs !== undefined ? 429 : statuses[code];
  const detail = { loc: ['body', ...where], msg: message, type: code.toLowerCase() };
  return {
    status,
    json: { exception_message: message, ...(where.length > 0 && { exception_detail: [detail] }) },
    headers: {
      ...((status === 503 || status === 429) && { 'retry-after': String(Math.ceil((retryAfterMs ?? defaultRetryMs) / 1000)) }),
      ...(status === 401 && { 'www-authenticate': 'Bearer realm="Tidings"' }),
    },
  };
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
  CANNOT_START: 500,
};
const defaultRetryMs = 1000;

function send(response: ServerResponse, { status, json, headers, ...content }: HttpResponse): void {
  const text = content.text ?? (json === undefined ? undefined : JSON.stringify(json));
  response.writeHead(status, {
    ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(text);
}

export function pathOf({ url }: IncomingMessage): string {
  return url?.split('?')[0] ?? '/';
}
