import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { unauthenticated, type Client } from '../auth/caller.ts';
import { TidingsError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { graphqlPath } from './graphql/path.ts';
import type { GraphQLEndpoint } from './graphql/yoga.ts';
import { homePage } from './home-page.ts';
import { addressOf } from '../transport/client.ts';
import type { Authenticator } from './authenticate.ts';
import { readRequestBody } from './graphql/request-body.ts';
import { logRequest, requestIdOf } from '../transport/request-log.ts';
import type { ConnectionLimit } from '../transport/connection-limit.ts';
import type { OriginPolicy } from '../transport/origin-policy.ts';
import { HttpError, rejectRequest } from '../transport/http-error.ts';
import { asksForStream } from '../transport/accept.ts';

export interface HttpServerParts {
  readonly graphql: GraphQLEndpoint;
  readonly authenticator: Authenticator;
  readonly logger: Logger;
  readonly originPolicy: OriginPolicy;
  readonly connections: ConnectionLimit;
  readonly counters: Pick<Metrics, 'rejectedRequests' | 'streams'>;
  readonly metrics: { readonly contentType: string; readonly read: () => Promise<string> };
  /** Rejects when the server cannot serve now. */
  readonly checkReady: () => Promise<void>;
  readonly limits: { readonly bodyBytes: number };
  readonly version: string;
  readonly adapters: readonly HttpAdapter[];
}

/** What serves paths of its own on the one port. */
export interface HttpAdapter {
  matchesPath(path: string): boolean;
  /** Answers, whatever happens; reads the body itself. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** The one HTTP server. It does not listen yet. */
export function createHttpServer(parts: HttpServerParts): Server {
  const { graphql, authenticator, logger, originPolicy, connections, counters, metrics, checkReady, limits, version, adapters } = parts;
  const handleRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!originPolicy.enforce(request, response)) {
      if (response.statusCode === 403) counters.rejectedRequests.inc({ reason: 'FORBIDDEN' });
      return;
    }
    const path = request.url?.split('?')[0] ?? '/';
    switch (path) {
      case graphqlPath:
        return handleGraphQL(request, response);
      case '/':
        return send(response, 200, {
          type: 'text/html; charset=utf-8',
          text: homePage({ version, host: request.headers.host, isOpen: authenticator.isOpen }),
        });
      case '/livez':
        return send(response, 200, plainText('live\n'));
      case '/readyz':
        return checkReady().then(
          () => send(response, 200, plainText('ready\n')),
          () => send(response, 503, plainText('the database cannot be reached\n')),
        );
      case '/metrics':
        if ((await authenticator.authenticate(request, response)) === null) return;
        return send(response, 200, { type: metrics.contentType, text: await metrics.read() });
      default: {
        const adapter = adapters.find((each) => each.matchesPath(path));
        return adapter?.handle(request, response) ?? send(response, 404, plainText(`Nothing is here. GraphQL is at ${graphqlPath}.\n`));
      }
    }
  };
  const reject = (response: ServerResponse, httpError: HttpError): void => {
    counters.rejectedRequests.inc({ reason: httpError.code });
    rejectRequest(response, httpError);
  };
  const handleGraphQL = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const client = isForGraphiQL(request)
      ? { caller: unauthenticated, address: addressOf(request), requestId: requestIdOf(request) }
      : await authenticator.authenticate(request, response);
    if (client === null) return;
    if (request.method === 'POST' && !graphqlTypes.test(request.headers['content-type'] ?? ''))
      return reject(response, unsupportedMediaType);
    if (asksForStream(request) && !acquireStream(response, client)) {
      return reject(
        response,
        new HttpError(429, connections.exceededMessage, { code: 'LIMIT_EXCEEDED', headers: { 'retry-after': '10' } }),
      );
    }
    await readRequestBody(request, limits.bodyBytes);
    await graphql.handle(request, response, client);
  };
  /** Counts a stream among its client's for as long as it lasts; false: there are too many. */
  const acquireStream = (response: ServerResponse, { address, caller }: Client): boolean => {
    const slots = [connections.acquireForAddress(address), connections.acquireForKey(caller.keyId)];
    const release = (): void => slots.forEach((each) => each?.[Symbol.dispose]());
    if (slots.includes(null)) {
      release();
      return false;
    }
    counters.streams.inc();
    response.once('close', () => {
      release();
      counters.streams.dec();
    });
    return true;
  };
  return createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: connectionCheckIntervalMs,
    },
    (request, response) => {
      logRequest(logger, request, response);
      handleRequest(request, response).catch((error: unknown) => {
        if (error instanceof HttpError && !response.headersSent) return reject(response, error);
        if (!isClientDisconnect(error)) logger.error({ err: error, requestId: requestIdOf(request) }, 'a request failed');
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    },
  );
}

/** Whether the client has gone in the middle of its request. */
function isClientDisconnect(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}

/** Listens; resolves with the address as a URL. Throws CANNOT_START when the address cannot be had. */
export async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, port, host)));
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
}

function cannotListen(error: NodeJS.ErrnoException, port: number, host: string): TidingsError {
  const message =
    error.code === 'EADDRINUSE'
      ? `PORT: ${port} on ${host} is in use. Stop the program that uses it, or set PORT to another one.`
      : `HOST, PORT: cannot listen on ${host}:${port} (${error.code}). Set them to an address that this machine has.`;
  return new TidingsError('CANNOT_START', message);
}

/** The page, which needs no key; what it asks does. */
function isForGraphiQL({ method, url, headers }: IncomingMessage): boolean {
  return method === 'GET' && url?.includes('?') === false && headers.accept?.includes('text/html') === true;
}

/** How long a client has for a request's headers, on a slow network; Node's default is a minute. */
const headersTimeoutMs = 20_000;
const connectionCheckIntervalMs = 5000;
/** … for all of a request: the largest body, at 2 Mbit/s. */
const requestTimeoutMs = 60_000;
/**
 * How long a connection is kept without a request: longer than the minute for which load balancers keep theirs, since the end
 * that closes first resets a request that is on its way. Node's default of 5 s is also shorter than a turn of a busy server.
 */
const keepAliveTimeoutMs = 65_000;

/** Others are what a form of any page in a browser could send, without being asked by it whether it may. */
const graphqlTypes = /^application\/(?:json|graphql|graphql\+json)\s*(?:[;,]|$)/i;
const unsupportedMediaType = new HttpError(415, 'content-type: expected application/json');

interface Body {
  readonly type: string;
  readonly text: string;
}

function plainText(text: string): Body {
  return { type: 'text/plain; charset=utf-8', text };
}

function send(response: ServerResponse, status: number, { type, text }: Body): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(text);
}
