import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols, makeServer } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import { TidingsError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { keepAlive, rejectUpgrade } from '../transport/socket-lifecycle.ts';
import { SocketWriter } from '../transport/socket-writer.ts';
import { addressOf } from '../transport/client.ts';
import { graceMs, type Authenticator } from './authenticate.ts';
import { graphqlPath } from './graphql/path.ts';
import type { GraphQLEndpoint } from './graphql/yoga.ts';
import type { ConnectionLimit } from '../transport/connection-limit.ts';
import { isTooDeep, maxJsonLevels } from '../transport/json-depth.ts';
import { requestIdOf } from '../transport/request-log.ts';
import type { OriginPolicy } from '../transport/origin-policy.ts';
import { createOperationOptions, type Extra, type OperationLimits } from './websocket-operations.ts';

export interface WebSocketParts {
  readonly http: Server;
  readonly graphql: GraphQLEndpoint;
  readonly authenticator: Authenticator;
  readonly originPolicy: OriginPolicy;
  readonly connections: ConnectionLimit;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: OperationLimits & { readonly bodyBytes: number };
  readonly adapters: readonly SocketAdapter[];
}

/** What serves WebSockets at paths of its own on the one port. */
export interface SocketAdapter {
  matchesPath(path: string): boolean;
  /** Takes over a connection that asks to become a WebSocket. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void;
}

/**
 * GraphQL over WebSocket, graphql-transport-ws, on the HTTP server's port. Disposing closes every socket with 1001, upon
 * which clients go on elsewhere. A frame that is waiting for a client's network is waited for, so a client that does not
 * read holds up only its own operations.
 */
export function serveWebSocket(parts: WebSocketParts): AsyncDisposable {
  const { http, graphql, authenticator, originPolicy, connections, metrics, logger, limits, adapters } = parts;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.bodyBytes, handleProtocols });
  const authenticate = async (extra: Extra, authorization: string | undefined): Promise<boolean> => {
    extra.caller = await authenticator.authenticateSocket({ authorization, address: extra.address, protocol: 'websocket' });
    const connectionSlot = extra.caller === null ? null : connections.acquireForKey(extra.caller.keyId);
    if (extra.caller !== null && connectionSlot === null) throw new TidingsError('LIMIT_EXCEEDED', 'Too many connections of this key');
    extra.connectionSlot = connectionSlot;
    if (extra.isClosed) connectionSlot?.[Symbol.dispose](); // meanwhile
    extra.caller?.ended.addEventListener('abort', extra.onEnded);
    return extra.caller?.ended.aborted === false;
  };
  const graphqlWs = makeServer(createOperationOptions({ graphql, limits, metrics, authenticate }));

  const serve = (socket: WebSocket, request: IncomingMessage): void => {
    metrics.sockets.inc();
    const heartbeat = keepAlive(socket);
    const writer = new SocketWriter(socket, request.socket, metrics.slowConsumers);
    const fail = (error: unknown): void => {
      if (error instanceof TidingsError) {
        return socket.close(tryAgainLater, error.message.slice(0, maxReasonLength)); // the database is away, or there are too many
      }
      // How graphql-ws tells of what only a server may say. Not for the log: any client could fill it.
      if (error instanceof Error && error.message.startsWith('Unexpected message of type')) {
        return socket.close(CloseCode.BadRequest, 'Unexpected message');
      }
      logger.error({ err: error, requestId: extra.requestId }, 'a WebSocket message failed');
      socket.close(CloseCode.InternalServerError, 'Internal server error');
    };
    const extra: Extra = {
      writer,
      address: addressOf(request),
      requestId: requestIdOf(request),
      authorization: request.headers.authorization,
      caller: null,
      connectionSlot: null,
      isClosed: false,
      results: new Set(),
      // As graphql-ws closes who may not come in; stock clients come again, which is refused until they have another key.
      onEnded: () => void setTimeout(() => socket.close(CloseCode.Forbidden, 'The key was revoked or has expired'), graceMs).unref(),
    };
    const closed = graphqlWs.opened(
      {
        protocol: socket.protocol,
        send: (data) => writer.sendAndFlush(data),
        // It repeats ids, however long, and ws throws when a reason is longer than a frame, which leaves the socket half closed.
        close: (code, reason) => socket.close(code, reason?.slice(0, maxReasonLength)),
        onMessage(handle) {
          socket.on('message', (data: Buffer) => {
            if (isTooDeep([data], maxJsonLevels)) {
              metrics.rejectedRequests.inc({ reason: 'LIMIT_EXCEEDED' });
              return socket.close(CloseCode.BadRequest, `More than ${maxJsonLevels} levels of JSON`);
            }
            // Of a subscription, this is pending for as long as it is open.
            handle(data.toString()).catch(fail);
          });
        },
      },
      extra,
    );
    // Broken and oversized frames: ws closes the socket with the right code by itself.
    socket.on('error', (error) => {
      metrics.rejectedRequests.inc({ reason: 'FRAME' });
      logger.info({ err: error, requestId: extra.requestId }, 'a WebSocket failed');
    });
    socket.once('close', (code, reason) => {
      metrics.sockets.dec();
      clearInterval(heartbeat);
      extra.isClosed = true;
      extra.connectionSlot?.[Symbol.dispose]();
      extra.caller?.ended.removeEventListener('abort', extra.onEnded);
      for (const each of extra.results) void each.return?.();
      void closed(code, reason.toString());
    });
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    if (originPolicy.rejectionOf(request) !== null) {
      metrics.rejectedRequests.inc({ reason: 'FORBIDDEN' });
      return rejectUpgrade(socket, '403 Forbidden');
    }
    const path = request.url?.split('?')[0] ?? '/';
    const adapter = adapters.find((each) => each.matchesPath(path));
    const upgradeError = adapter === undefined ? upgradeErrorOf(request) : null;
    if (upgradeError !== null) return rejectUpgrade(socket, upgradeError);
    const connectionSlot = connections.acquireForAddress(addressOf(request));
    if (connectionSlot === null) {
      metrics.rejectedRequests.inc({ reason: 'LIMIT_EXCEEDED' });
      return rejectUpgrade(socket, '429 Too Many Requests', { 'retry-after': '10' });
    }
    socket.once('close', () => connectionSlot[Symbol.dispose]()); // also where it never becomes a WebSocket
    if (adapter !== undefined) return adapter.upgrade(request, socket, head);
    sockets.handleUpgrade(request, socket, head, (opened) => serve(opened, request));
  };
  http.on('upgrade', upgrade);

  return {
    async [Symbol.asyncDispose]() {
      http.off('upgrade', upgrade);
      const open = [...sockets.clients];
      const closed = Promise.all(open.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
      for (const socket of open) socket.close(1001, 'The server is going away');
      const forceCloseTimer = setTimeout(() => open.forEach((socket) => socket.terminate()), closeTimeoutMs);
      await closed;
      clearTimeout(forceCloseTimer);
    },
  };
}

function upgradeErrorOf({ url, headers }: IncomingMessage): string | null {
  if (url?.split('?')[0] !== graphqlPath) return '404 Not Found';
  const offered = headers['sec-websocket-protocol']?.split(',').map((each) => each.trim()) ?? [];
  if (!offered.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL)) return '400 Bad Request';
  return null;
}

/** How long a client has to answer the closing of its socket. */
const closeTimeoutMs = 1000;
/** The close code upon which clients come again, after a while. */
const tryAgainLater = 1013;
/** A reason has 123 bytes at most. */
const maxReasonLength = 40;
