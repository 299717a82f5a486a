import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import { abortListeners } from '../concurrency/abort-listeners.ts';
import type { PacedStarts } from '../concurrency/paced-starts.ts';
import { exactMessage } from '../json/exact-message.ts';
import { TidingsError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { addressOf, networkOf, rateLimitKeyOf } from '../transport/client.ts';
import type { ConnectionLimit } from '../transport/connection-limit.ts';
import type { OriginPolicy } from '../transport/origin-policy.ts';
import { requestIdOf } from '../transport/request-log.ts';
import { closeReasons, keepAlive, rejectUpgrade, type CloseReason, type ConnectionTimeouts } from '../transport/socket-lifecycle.ts';
import type { SlowConsumers } from '../transport/slow-consumers/slow-consumers.ts';
import { OrderedWebSocket, SocketWriter } from '../transport/socket-writer.ts';
import { markAuthenticated } from '../transport/unauthenticated-connections.ts';
import { limitUntilAuthenticated } from '../transport/unauthenticated-socket.ts';
import { graceMs, type Authenticator } from './authenticate.ts';
import { ExactMessages } from './exact-messages.ts';
import { createErrorMask } from './graphql/mask-error.ts';
import { graphqlPath } from './graphql/path.ts';
import type { PersistedQueries } from './graphql/persisted-queries.ts';
import type { GraphQLEndpoint } from './graphql/yoga.ts';
import { errorMessage, operationOfInvalidMessage, operationOfLargeMessage, type RejectedOperation } from './invalid-message.ts';
import { MessageOrder, type ReceivedMessage } from './message-order.ts';
import { RunningOperations } from './running-operations.ts';
import { createOperationOptions, type Extra, type OperationLimits } from './websocket-operations.ts';

export interface WebSocketParts {
  readonly graphql: GraphQLEndpoint;
  readonly persisted: PersistedQueries;
  readonly authenticator: Authenticator;
  readonly originPolicy: OriginPolicy;
  readonly connections: ConnectionLimit;
  readonly pacedStarts: PacedStarts;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly slowConsumers: SlowConsumers;
  readonly limits: OperationLimits & ConnectionTimeouts & { readonly bodyBytes: number };
  readonly adapters: readonly SocketAdapter[];
}

/** Serves WebSockets at paths of its own on the one port. */
export interface SocketAdapter {
  matchesPath(path: string): boolean;
  /** Takes over a connection with an upgrade request. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void;
}

export interface WebSocketEndpoint {
  upgrade(this: void, request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /**
   * Closes every socket. At a shutdown with 1001, which makes clients reconnect to another process;
   * else with 1012, after which they reconnect to this one.
   */
  close(reason: CloseReason): Promise<void>;
}

/**
 * Serves GraphQL over WebSocket (graphql-transport-ws) on the HTTP server's port. Each socket has
 * its own writer, so a client that does not read delays only its own operations.
 */
export function serveWebSocket(parts: WebSocketParts): WebSocketEndpoint {
  const { graphql, persisted, authenticator, originPolicy, connections, pacedStarts, slowConsumers, metrics, logger, limits, adapters } =
    parts;
  const sockets = new WebSocketServer({
    WebSocket: OrderedWebSocket,
    noServer: true,
    maxPayload: limits.bodyBytes,
    handleProtocols: selectProtocol,
  });
  const authenticate = async (extra: Extra, authorization: string | undefined): Promise<boolean> => {
    await pacedStarts.turn(`handshakes of ${networkOf(extra.address)}`);
    const caller = await authenticator.authenticateSocket({ authorization, address: extra.address });
    if (caller === null) {
      metrics.rejectedRequests.inc({ reason: 'UNAUTHENTICATED' });
      return false;
    }
    const connectionSlot = connections.acquireForKey(caller.keyId);
    if (connectionSlot === null) throw new TidingsError('LIMIT_EXCEEDED', 'Too many connections of this key');
    if (extra.isClosed) {
      connectionSlot[Symbol.dispose](); // the socket closed during authentication
      return false;
    }
    markAuthenticated(extra.connection);
    extra.caller = caller;
    extra.connectionSlot = connectionSlot;
    abortListeners(caller.ended).add(extra.onEnded);
    return !caller.ended.aborted;
  };
  const graphqlWs = makeServer(
    createOperationOptions({ graphql, persisted, limits, metrics, authenticate, errors: createErrorMask(metrics, logger) }),
  );

  const serve = (socket: OrderedWebSocket, request: IncomingMessage): void => {
    limitUntilAuthenticated(socket, request.socket, metrics.rejectedRequests);
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      metrics.rejectedRequests.inc({ reason: 'BAD_USER_INPUT' });
      socket.on('error', () => undefined);
      return socket.close(CloseCode.SubprotocolNotAcceptable, `expected the subprotocol ${GRAPHQL_TRANSPORT_WS_PROTOCOL}`);
    }
    metrics.sockets.inc();
    const client = (): string => rateLimitKeyOf({ caller: extra.caller ?? null, address: extra.address });
    keepAlive(socket, request.socket, { idleMs: limits.idleMs, stalled: () => slowConsumers.report('STALLED', client()) });
    const writer = new SocketWriter(socket, request.socket, { slowConsumers, client });
    const fail = (error: unknown): void => {
      if (error instanceof TidingsError) {
        metrics.rejectedRequests.inc({ reason: error.code });
        return socket.close(tryAgainLater, error.message.slice(0, maxReasonLength)); // no database, or too many connections
      }
      // graphql-ws throws this for a message type that only servers send. Not logged, because any
      // client could fill the log.
      if (error instanceof Error && error.message.startsWith('Unexpected message of type')) {
        return socket.close(CloseCode.BadRequest, 'Unexpected message');
      }
      logger.error({ err: error, requestId: extra.requestId }, 'a WebSocket message failed');
      socket.close(CloseCode.InternalServerError, 'Internal server error');
    };
    const forbid = (): void => socket.close(CloseCode.Forbidden, 'The key was revoked or has expired');
    const exactMessages = new ExactMessages();
    const extra: Extra = {
      connection: request.socket,
      writer,
      exactMessages,
      address: addressOf(request),
      requestId: requestIdOf(request),
      messageBytes: 0,
      authorization: request.headers.authorization,
      caller: null,
      connectionSlot: null,
      isClosed: false,
      isOpening: true,
      canRun: () => false,
      operations: new RunningOperations(),
      budgets: new Map(),
      // Clients of graphql-ws reconnect after this code, perhaps with another key.
      onEnded: () => void setTimeout(() => pacedStarts.run(forbid, turnsOf(extra)), graceMs).unref(),
    };
    /** Sends the error to the operation alone. Returns false if the socket must be closed. */
    const rejectOperation = (operation: RejectedOperation | null): boolean => {
      if (operation === null || !extra.canRun(operation.id)) return false;
      metrics.rejectedRequests.inc({ reason: operation.code });
      void writer.sendAndFlush(errorMessage(operation));
      return true;
    };
    /** The message that graphql-ws is reading. */
    let reading: ReceivedMessage | null = null;
    const closed = graphqlWs.opened(
      {
        protocol: socket.protocol,
        send: (data) => writer.sendAndFlush(exactMessages.textOf(data)),
        // graphql-ws repeats ids of any length in reasons, and ws leaves the socket half closed if
        // a reason exceeds a frame.
        close(code, reason) {
          if (code === CloseCode.BadRequest && reading !== null && rejectOperation(operationOfInvalidMessage(reading))) return;
          // graphql-ws rejects a handshake with 4403, which its clients repeat. The same key stays
          // invalid, so they get the code after which they report an error and stop.
          if (code === CloseCode.Forbidden) return socket.close(CloseCode.Unauthorized, 'expected a valid API key');
          socket.close(code, reason?.slice(0, maxReasonLength));
        },
        onMessage(handleMessage) {
          const handle = (message: ReceivedMessage, bytes: Buffer): void => {
            if (extra.isClosed) return;
            if (message.kind === 'excess') {
              if (rejectOperation(operationOfLargeMessage(bytes, message.excess))) return;
              metrics.rejectedRequests.inc({ reason: 'LIMIT_EXCEEDED' });
              return socket.close(CloseCode.BadRequest, `JSON with ${message.excess}`);
            }
            if (message.kind === 'invalid') return socket.close(CloseCode.BadRequest, 'Invalid message received');
            // For a subscription, the promise is pending until it ends.
            extra.messageBytes = bytes.length;
            if (extra.caller !== null) extra.isOpening = false; // it was acknowledged
            reading = message;
            if (message.kind === 'text') extra.operations.completedBy(message.text);
            handleMessage(message.kind === 'text' ? exactMessage(message.text) : (message.operation as unknown as string)).catch(fail);
            reading = null;
          };
          const order = new MessageOrder({
            handle,
            // A handshake waits in `authenticate`: there, its timeout has ended.
            canStart: () => extra.caller === null || pacedStarts.isFree,
            turn: () => pacedStarts.turn(turnsOf(extra)),
            pauseReading: () => writer.pauseReading(),
            resumeReading: () => writer.resumeReading(),
          });
          socket.on('message', (bytes: Buffer) => order.take(bytes));
        },
      },
      extra,
    );
    // Broken and oversized frames: ws itself closes the socket with the right code.
    socket.on('error', (error) => {
      metrics.rejectedRequests.inc({ reason: 'FRAME' });
      logger.info({ err: error, requestId: extra.requestId }, 'a WebSocket failed');
    });
    socket.once('close', (code, reason) => {
      metrics.sockets.dec();
      extra.isClosed = true;
      extra.connectionSlot?.[Symbol.dispose]();
      if (extra.caller !== null) abortListeners(extra.caller.ended).delete(extra.onEnded);
      const end = (): void => {
        extra.operations.endAll();
        for (const each of extra.budgets.values()) each[Symbol.dispose]();
        void closed(code, reason.toString());
      };
      pacedStarts.run(end, `closings of ${networkOf(extra.address)}`); // clients can leave at once too
    });
  };

  let isClosing = false;
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (socket.destroyed) return;
    if (isClosing) return rejectUpgrade(socket, '503 Service Unavailable', { 'retry-after': '1' });
    if (originPolicy.rejectionOf(request) !== null) {
      metrics.rejectedRequests.inc({ reason: 'FORBIDDEN' });
      return rejectUpgrade(socket, '403 Forbidden');
    }
    const path = request.url?.split('?')[0] ?? '/';
    const adapter = adapters.find((each) => each.matchesPath(path));
    if (adapter === undefined && path !== graphqlPath) return rejectUpgrade(socket, '404 Not Found');
    const connectionSlot = connections.acquireForAddress(addressOf(request));
    if (connectionSlot === null) {
      metrics.rejectedRequests.inc({ reason: 'LIMIT_EXCEEDED' });
      return rejectUpgrade(socket, '429 Too Many Requests', { 'retry-after': '10' });
    }
    socket.once('close', () => connectionSlot[Symbol.dispose]()); // also if the upgrade fails
    if (adapter !== undefined) return adapter.upgrade(request, socket, head);
    sockets.handleUpgrade(request, socket, head, (opened) => serve(opened, request));
  };

  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      pacedStarts.run(() => upgrade(request, socket, head), `upgrades of ${networkOf(addressOf(request))}`);
    },
    async close(reason) {
      isClosing = true;
      const open = [...sockets.clients];
      const closed = Promise.all(open.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
      for (const socket of open) socket.close(reason === 'SHUTDOWN' ? 1001 : 1012, closeReasons[reason]);
      const forceCloseTimer = setTimeout(() => open.forEach((socket) => socket.terminate()), closeTimeoutMs);
      await closed;
      clearTimeout(forceCloseTimer);
    },
  };
}

/**
 * Whose turns the messages of a socket take. Each step of opening a socket has turns of its own: so a
 * socket that has begun continues, and open sockets do not wait for new ones of the same client.
 */
function turnsOf({ isOpening, caller, address }: Extra): string {
  if (caller === null || isOpening) return `first operations of ${networkOf(address)}`;
  return rateLimitKeyOf({ caller, address });
}

/**
 * Any other subprotocol is accepted too: only an open socket can be closed with a reason that
 * programs and browsers show.
 */
function selectProtocol(offered: ReadonlySet<string>): string | false {
  if (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL)) return GRAPHQL_TRANSPORT_WS_PROTOCOL;
  const [first] = offered;
  return first ?? false;
}

/** A client has this long to answer a close frame. */
const closeTimeoutMs = 1000;
/** The close code that makes clients reconnect after a delay. */
const tryAgainLater = 1013;
/** Characters; a close frame has room for a reason of 123 bytes. */
const maxReasonLength = 40;
