import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Callers } from '../auth/api-key-cache.ts';
import type { Caller } from '../auth/caller.ts';
import type { AuditLog } from '../ingest/audit-log.ts';
import type { Metrics } from '../metrics.ts';
import { addressOf, readerOf } from '../transport/client.ts';
import { sendText } from '../transport/compress.ts';
import { httpErrorOf, type HttpError } from '../transport/http-error.ts';
import type { RateLimit } from '../transport/rate-limit.ts';
import { markAuthenticated } from '../transport/unauthenticated-connections.ts';

/** A response of an adapter: a value to serialize as JSON, serialized JSON, or no body. */
export interface HttpResponse {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RequestHandlerParts {
  readonly callers: Callers;
  readonly rateLimit: RateLimit;
  /** Records requests without a valid key or without a permission. */
  readonly audit: Pick<AuditLog, 'rejected'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Name of the adapter in metrics and in the audit log. */
  readonly protocol: string;
}

export interface AuthenticatedRequest {
  readonly caller: Caller;
  /** For reads of the database, which end when the client leaves. */
  readonly reader: ReturnType<typeof readerOf>;
  /** Takes a cost from the caller's rate limit. Throws LIMIT_EXCEEDED if it is exhausted. */
  readonly charge: (cost: number) => void;
}

/** Authenticates a request, and sends the response of `respond` or the error that it throws. */
export async function handleRequest(
  { callers, rateLimit, audit, metrics, logger }: RequestHandlerParts,
  exchange: Exchange,
  respond: (authenticated: AuthenticatedRequest) => Promise<HttpResponse>,
): Promise<void> {
  const { request, response, protocol } = exchange;
  const address = addressOf(request);
  let known: Caller | undefined;
  try {
    const caller = (known = await callers.identify(request.headers.authorization));
    markAuthenticated(request.socket);
    const answer = await respond({
      caller,
      reader: readerOf({ caller, address }, response),
      charge: (cost) => rateLimit.takeOrThrow({ caller, address }, cost),
    });
    await send(exchange, answer);
  } catch (error) {
    const httpError = httpErrorOf(error);
    if (httpError !== null) {
      const { code: reason } = httpError;
      metrics.rejectedRequests.inc({ reason });
      if (reason === 'UNAUTHENTICATED' || reason === 'FORBIDDEN')
        audit.rejected({ reason, protocol, address, ...(known && { caller: known }) });
    }
    // The client has left, perhaps within its body: no response is possible, and it is not a bug.
    if (response.destroyed || (request.destroyed && !request.complete)) return;
    if (httpError === null) reportBug({ metrics, logger }, error);
    await send(exchange, httpError === null ? internalErrorResponse : errorResponseOf(httpError));
  }
}

/** Logs and counts an error that no client can cause. */
export function reportBug({ metrics, logger }: Pick<RequestHandlerParts, 'metrics' | 'logger'>, error: unknown): void {
  metrics.failures.inc();
  logger.error({ err: error }, 'unexpected error');
}

/** The path of a request's URL, without the query. */
export function pathOf({ url }: IncomingMessage): string {
  return url?.split('?')[0] ?? '/';
}

function errorResponseOf({ status, code, message, headers, extensions: { path } }: HttpError): HttpResponse {
  const detail = path && { exception_detail: [{ loc: ['body', ...path], msg: message, type: code.toLowerCase() }] };
  return { status, json: { exception_message: message, ...detail }, headers };
}

const internalErrorResponse: HttpResponse = {
  status: 500,
  json: { exception_message: 'Internal server error; the server has logged its cause.' },
};

async function send({ request, response }: Exchange, { status, json, headers, ...content }: HttpResponse): Promise<void> {
  const text = content.text ?? (json === undefined ? undefined : JSON.stringify(json));
  response.statusCode = status;
  for (const [name, value] of Object.entries({ 'x-content-type-options': 'nosniff', ...headers })) response.setHeader(name, value);
  if (text === undefined) return void response.end();
  response.setHeader('content-type', 'application/json');
  await sendText(request, response, text);
}
