import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { nobody } from '../auth/caller.ts';
import { TidingsError } from '../errors.ts';
import { graphqlPath, type GraphQLEndpoint } from './graphql.ts';
import { homePage } from './home-page.ts';
import { addressOf, type Admission } from './admission.ts';
import { takeBody } from './body.ts';
import { logRequest, requestIdOf } from './request-log.ts';

export interface HttpParts {
  readonly graphql: GraphQLEndpoint;
  readonly admission: Admission;
  readonly logger: Logger;
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
export function createHttp({ graphql, admission, logger, metrics, checkReady, limits, version, doors }: HttpParts): Server {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
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
  const answerGraphQL = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asker = isForGraphiQL(request)
      ? { caller: nobody, address: addressOf(request), requestId: requestIdOf(request) }
      : await admission.admit(request, response);
    if (asker === null) return;
    if (!(await takeBody(request, limits.bodyBytes))) return tooLarge(response, limits.bodyBytes);
    await graphql.handle(request, response, asker);
  };
  return createServer({ headersTimeout: headersMs, connectionsCheckingInterval: checkingMs }, (request, response) => {
    logRequest(logger, request, response);
    answer(request, response).catch((error: unknown) => {
      logger.error({ err: error, requestId: requestIdOf(request) }, 'a request failed');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
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

function tooLarge(response: ServerResponse, most: number): void {
  const error = { message: `expected a body of at most ${most} bytes`, extensions: { code: 'LIMIT_EXCEEDED' } };
  response.setHeader('connection', 'close'); // the rest of the body is not read
  send(response, 413, { type: 'application/json', text: JSON.stringify({ errors: [error] }) });
}

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
