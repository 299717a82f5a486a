import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Client } from '../auth/caller.ts';
import type { PacedStarts } from '../concurrency/paced-starts.ts';
import { TidingsError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { requestsStream } from '../transport/accept.ts';
import { sendText } from '../transport/compress.ts';
import type { ConnectionLimit } from '../transport/connection-limit.ts';
import { HttpError, httpErrorOf, rejectRequest } from '../transport/http-error.ts';
import type { OriginPolicy } from '../transport/origin-policy.ts';
import { acceptPipelined } from '../transport/pipelined-requests.ts';
import { logRequest, requestIdOf } from '../transport/request-log.ts';
import { isRead, StaticPage } from '../transport/static-page.ts';
import { delayContinue, discardUnreadBody } from '../transport/unread-body.ts';
import type { Authenticator } from './authenticate.ts';
import type { GraphiQLPage } from './graphql/graphiql-page.ts';
import { graphqlPath } from './graphql/path.ts';
import { readRequestBody } from './graphql/request-body.ts';
import type { GraphQLEndpoint } from './graphql/yoga.ts';
import { homePage } from './home-page.ts';
import { webPagePolicy, type WebPage } from './web-page.ts';

export interface HttpHandlerParts {
  readonly graphql: GraphQLEndpoint;
  readonly authenticator: Authenticator;
  readonly logger: Logger;
  readonly originPolicy: OriginPolicy;
  readonly connections: ConnectionLimit;
  readonly pacedStarts: PacedStarts;
  readonly metrics: Pick<Metrics, 'registry' | 'rejectedRequests' | 'streams'>;
  /** The metrics as text, of all workers. */
  readonly readMetrics: () => Promise<string>;
  /** Rejects if the server cannot serve requests now. */
  readonly checkReady: () => Promise<unknown>;
  readonly limits: { readonly bodyBytes: number };
  /** For requests for HTML at the GraphQL path; null: these are GraphQL requests too. */
  readonly graphiql: GraphiQLPage | null;
  /** The event feed; null: a page with the addresses of the server is served at `/`. */
  readonly webPage: WebPage | null;
  readonly version: string;
  readonly adapters: readonly HttpAdapter[];
}

/** Serves paths of its own on the one port. */
export interface HttpAdapter {
  matchesPath(path: string): boolean;
  /** Always sends a response; reads the body itself. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * Handles requests at every path. An HttpError or TidingsError of a handler becomes the response.
 */
export function createRequestHandler(parts: HttpHandlerParts): RequestListener {
  const {
    graphql,
    authenticator,
    logger,
    originPolicy,
    connections,
    pacedStarts,
    metrics,
    readMetrics,
    checkReady,
    limits,
    graphiql,
    webPage,
    version,
    adapters,
  } = parts;
  const handleRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const rejection = originPolicy.rejectionOf(request);
    if (rejection !== null) throw new HttpError(403, rejection, { code: 'FORBIDDEN' });
    if (originPolicy.answerPreflight(request, response)) return;
    const path = request.url?.split('?')[0] ?? '/';
    const file = webPage?.fileAt(path);
    if (!isRead(request.method) && (file !== undefined || readPaths.has(path))) throw readOnly(path, request.method);
    if (file !== undefined) {
      preventFraming(response, webPagePolicy);
      return file.send(request, response);
    }
    switch (path) {
      case graphqlPath:
        return handleGraphQL(request, response);
      case '/':
        preventFraming(response);
        return StaticPage.of(homePage({ version, host: request.headers.host, isOpen: authenticator.isOpen })).send(request, response);
      case '/livez':
        return sendPlain(response, 200, 'live\n');
      case '/readyz':
        return checkReady().then(
          () => sendPlain(response, 200, 'ready\n'),
          (error: unknown) => sendPlain(response, 503, `${httpErrorOf(error)?.message ?? 'not ready'}\n`),
        );
      case '/metrics':
        await authenticator.authorizeMetrics(request, response);
        response.setHeader('content-type', metrics.registry.contentType);
        response.setHeader('x-content-type-options', 'nosniff');
        return sendText(request, response, await readMetrics());
      default: {
        const adapter = adapters.find((each) => each.matchesPath(path));
        return adapter?.handle(request, response) ?? sendPlain(response, 404, `Not found. GraphQL is at ${graphqlPath}.\n`);
      }
    }
  };
  const handleGraphQL = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (graphiql !== null && isForGraphiQL(request)) {
      preventFraming(response);
      return (await graphiql()).send(request, response);
    }
    const client = await authenticator.authenticate(request, response);
    if (request.method === 'POST' && !graphqlTypes.test(request.headers['content-type'] ?? '')) {
      throw new HttpError(415, 'content-type: expected application/json');
    }
    if (requestsStream(request)) {
      await pacedStarts.turn(`streams of ${client.reader.client}`);
      if (response.destroyed) return;
      holdStreamSlot(response, client);
    }
    const requestBytes = await readRequestBody(request, limits.bodyBytes);
    await graphql.handle(request, response, { ...client, requestBytes, ...resumptionOf(request) });
  };
  /**
   * Counts a stream of its client until the response closes. Throws a 429 if the client has too
   * many.
   */
  const holdStreamSlot = (response: ServerResponse, { address, caller }: Client): void => {
    const slots = [connections.acquireForAddress(address), connections.acquireForKey(caller.keyId)];
    const release = (): void => slots.forEach((each) => each?.[Symbol.dispose]());
    if (slots.includes(null)) {
      release();
      throw new HttpError(429, connections.exceededMessage, { code: 'LIMIT_EXCEEDED', headers: { 'retry-after': '10' } });
    }
    metrics.streams.inc();
    response.once('close', () => {
      release();
      metrics.streams.dec();
    });
  };
  /** Responds to a request whose handler has thrown. */
  const handleError = (error: unknown, request: IncomingMessage, response: ServerResponse): void => {
    const httpError = response.headersSent ? null : httpErrorOf(error);
    if (httpError !== null) {
      metrics.rejectedRequests.inc({ reason: httpError.code });
      return rejectRequest(response, httpError);
    }
    if (!isDisconnect(error)) logger.error({ err: error, requestId: requestIdOf(request) }, 'a request failed');
    if (!response.headersSent) response.writeHead(500);
    response.end();
  };
  return (request, response) => {
    if (request.socket.destroyed) return; // Node handles the rest of a chunk although its connection is closed
    if (!acceptPipelined(request, response)) {
      metrics.rejectedRequests.inc({ reason: 'LIMIT_EXCEEDED' });
      return;
    }
    logRequest(logger, request, response);
    discardUnreadBody(request, response);
    handleRequest(request, response).catch((error: unknown) => handleError(error, request, response));
  };
}

/** Creates the HTTP server; it does not listen yet. */
export function createHttpServer(handle: RequestListener): Server {
  const options = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: connectionCheckIntervalMs,
  };
  const server = createServer(options, handle);
  return server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    delayContinue(request, response);
    server.emit('request', request, response);
  });
}

/** Whether the client disconnected before its request was complete. */
function isDisconnect(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

/**
 * Listens. Resolves with the address as a URL. Throws CANNOT_START if the address is not available.
 */
export async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, port, host)));
    server.listen({ port, host, backlog: maxBacklog }, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
}

function cannotListen(error: NodeJS.ErrnoException, port: number, host: string): TidingsError {
  const message =
    error.code === 'EADDRINUSE'
      ? `PORT: ${port} on ${host} is in use. Stop the program that uses it, or set PORT to another one.`
      : `HOST, PORT: cannot listen on ${host}:${port} (${error.code}). Set them to an address of this machine.`;
  return new TidingsError('CANNOT_START', message);
}

/**
 * The GraphiQL page needs no key, also with an operation in its address; the operations that it
 * sends do.
 */
function isForGraphiQL(request: IncomingMessage): boolean {
  return isRead(request.method) && request.headers.accept?.includes('text/html') === true;
}

/** A sender whose address has no path must not take the page for an acknowledgement. */
function readOnly(path: string, method: string | undefined): HttpError {
  const message = `expected GET at ${path}, got ${method}; events go to ${graphqlPath}, /api/events or /cloudevents`;
  return new HttpError(405, message, { headers: { allow: 'GET, HEAD' } });
}

/** A page in a frame of another one could be made to click. */
function preventFraming(response: ServerResponse, policy = "frame-ancestors 'none'"): void {
  response.setHeader('content-security-policy', policy);
  response.setHeader('x-frame-options', 'DENY');
}

/** Browsers send `Last-Event-ID` when they open an event stream again. */
function resumptionOf(request: IncomingMessage): { readonly lastEventId?: string } {
  const { 'last-event-id': lastEventId } = request.headers;
  return typeof lastEventId === 'string' && lastEventId !== '' && requestsStream(request) ? { lastEventId } : {};
}

/**
 * For slow networks: a client has this long to send the headers of a request. Node's default is a
 * minute.
 */
const headersTimeoutMs = 20_000;
const connectionCheckIntervalMs = 5000;
/** For a whole request: enough for the largest body at 2 Mbit/s. */
const requestTimeoutMs = 60_000;
/**
 * An idle connection is kept for longer than the minute of most load balancers: the end that closes
 * first resets requests that are on their way. Node's default of 5 s is also shorter than a turn of
 * the event loop of a busy server.
 */
const keepAliveTimeoutMs = 65_000;

/**
 * Connections that the system completes before this process accepts them, as far as it allows
 * (`net.core.somaxconn`, 4,096 on Linux). Beyond that it drops attempts, and clients repeat them after
 * 1, 3, 7, 15 and 31 seconds. Node's default is 511, fewer than connect at once after a restart.
 */
const maxBacklog = 65_535;

/** The paths without a body, besides the files of the event feed. */
const readPaths: ReadonlySet<string> = new Set(['/', '/livez', '/readyz', '/metrics']);

/** Other types could come from a form of any page, for which browsers send no preflight. */
const graphqlTypes = /^application\/(?:json|graphql|graphql\+json)\s*(?:[;,]|$)/i;

function sendPlain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(text);
}
