import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { nobody, type Asker } from '../auth/caller.ts';
import { TidingsError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { graphqlPath } from './graphql/path.ts';
import type { GraphQLEndpoint } from './graphql/yoga.ts';
import { homePage } from './home-page.ts';
import { addressOf } from '../transport/client.ts';
import type { Admission } from './authenticate.ts';
import { readRequestBody } from './graphql/request-body.ts';
import { logRequest, requestIdOf } from '../transport/request-log.ts';
import type { Connections } from '../transport/connection-limit.ts';
import type { Pages } from '../transport/origin-policy.ts';
import { HttpError, rejectRequest } from '../transport/http-error.ts';
import { asksForStream } from '../transport/accept.ts';

export interface HttpParts {
  readonly graphql: GraphQLEndpoint;
  readonly admission: Admission;
  readonly logger: Logger;
  readonly pages: Pages;
  readonly connections: Connections;
  readonly counters: Pick<Metrics, 'refused' | 'streams'>;
  readonly metrics: { readonly contentType: string; readonly read: () => Promise<string> };
  /** Rejects when the server cannot serve now. */
  readonly checkReady: () => Promise<void>;
  readonly limits: { readonly bodyBytes: number };
  readonly version: string;
  readonly doors: readonly Door[];
}

/** What serves paths of its own on the one port. */
export interface Door {
  opensAt(path: string): boolean;
  /** Answers, whatever happens; reads the body itself. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** The one HTTP server. It does not listen yet. */
export function createHttp(parts: HttpParts): Server {
  const { graphql, admission, logger, pages, connections, counters, metrics, checkReady, limits, version, doors } = parts;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!pages.letIn(request, response)) {
      if (response.statusCode === 403) counters.refused.inc({ reason: 'FORBIDDEN' });
      return;
    }
    const path = request.url?.split('?')[0] ?? '/';
    switch (path) {
      case graphqlPath:
        return answerGraphQL(request, response);
      case '/':
        return send(response, 200, {
          type: 'text/html; charset=utf-8',
          text: homePage({ version, host: request.headers.host, isOpen: admission.isOpen }),
        });
      case '/livez':
        return send(response, 200, plain('live\n'));
      case '/readyz':
        return checkReady().then(
          () => send(response, 200, plain('ready\n')),
          () => send(response, 503, plain('the database cannot be reached\n')),
        );
      case '/metrics':
        if ((await admission.admit(request, response)) === null) return;
        return send(response, 200, { type: metrics.contentType, text: await metrics.read() });
      default: {
        const door = doors.find((each) => each.opensAt(path));
        return door?.handle(request, response) ?? send(response, 404, plain(`Nothing is here. GraphQL is at ${graphqlPath}.\n`));
      }
    }
  };
  const turnAway = (response: ServerResponse, refusal: HttpError): void => {
    counters.refused.inc({ reason: refusal.code });
    rejectRequest(response, refusal);
  };
  const answerGraphQL = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asker = isForGraphiQL(request)
      ? { caller: nobody, address: addressOf(request), requestId: requestIdOf(request) }
      : await admission.admit(request, response);
    if (asker === null) return;
    if (request.method === 'POST' && !graphqlTypes.test(request.headers['content-type'] ?? '')) return turnAway(response, wrongType);
    if (asksForStream(request) && !holds(response, asker)) {
      return turnAway(response, new HttpError(429, connections.refusal, { code: 'LIMIT_EXCEEDED', headers: { 'retry-after': '10' } }));
    }
    await readRequestBody(request, limits.bodyBytes);
    await graphql.handle(request, response, asker);
  };
  /** Counts a stream among its client's for as long as it lasts; false: there are too many. */
  const holds = (response: ServerResponse, { address, caller }: Asker): boolean => {
    const held = [connections.ofAddress(address), connections.ofKey(caller.keyId)];
    const release = (): void => held.forEach((each) => each?.[Symbol.dispose]());
    if (held.includes(null)) {
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
    { headersTimeout: headersMs, requestTimeout: requestMs, keepAliveTimeout: keptMs, connectionsCheckingInterval: checkingMs },
    (request, response) => {
      logRequest(logger, request, response);
      answer(request, response).catch((error: unknown) => {
        if (error instanceof HttpError && !response.headersSent) return turnAway(response, error);
        if (!hasLeft(error)) logger.error({ err: error, requestId: requestIdOf(request) }, 'a request failed');
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    },
  );
}

/** Whether the client has gone in the middle of its request. */
function hasLeft(error: unknown): boolean {
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
const headersMs = 20_000;
const checkingMs = 5000;
/** … for all of a request: the largest body, at 2 Mbit/s. */
const requestMs = 60_000;
/**
 * How long a connection is kept without a request: longer than the minute for which load balancers keep theirs, since the end
 * that closes first resets a request that is on its way. Node's default of 5 s is also shorter than a turn of a busy server.
 */
const keptMs = 65_000;

/** Others are what a form of any page in a browser could send, without being asked by it whether it may. */
const graphqlTypes = /^application\/(?:json|graphql|graphql\+json)\s*(?:[;,]|$)/i;
const wrongType = new HttpError(415, 'content-type: expected application/json');

interface Body {
  readonly type: string;
  readonly text: string;
}

function plain(text: string): Body {
  return { type: 'text/plain; charset=utf-8', text };
}

function send(response: ServerResponse, status: number, { type, text }: Body): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(text);
}
