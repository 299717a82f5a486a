import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Caller } from '../../../auth/caller.ts';
import { abortListeners } from '../../../concurrency/abort-listeners.ts';
import type { EventLimits } from '../../../event/limits.ts';
import { addressOf, rateLimitKeyOf } from '../../../transport/client.ts';
import type { ConnectionLimit } from '../../../transport/connection-limit.ts';
import { closeReasons, keepAlive, rejectUpgrade, type CloseReason, type ConnectionTimeouts } from '../../../transport/socket-lifecycle.ts';
import { markAuthenticated } from '../../../transport/unauthenticated-connections.ts';
import { limitUntilAuthenticated } from '../../../transport/unauthenticated-socket.ts';
import { reportBug, type RequestHandlerParts, pathOf } from '../../handle-request.ts';
import { queryParameters, strictIn } from '../../query-parameters.ts';
import { authenticateSocket, inPath, outPath, HandshakeRejection } from './auth-handshake.ts';
import { DrainingSocket } from './draining-socket.ts';
import { createBufferedBytes, close, onFrames, pong, type Frame } from './frames.ts';
import { InboundEvents, type InboundParts, type SocketClient } from './inbound.ts';
import { OutboundEvents, type OutboundParts } from './outbound.ts';

export type PrefectSocketParts = RequestHandlerParts &
  Omit<InboundParts, 'bufferedBytes'> &
  OutboundParts & {
    readonly limits: EventLimits & ConnectionTimeouts & { readonly bodyBytes: number };
    readonly connections: Pick<ConnectionLimit, 'acquireForKey'>;
  };

/** An authenticated socket. */
interface Session {
  take(frame: Frame): void;
  /** Called when the socket has closed. Resolves when every frame is stored. */
  closed(): Promise<void>;
  stop(timeoutMs: number): Promise<void>;
}

interface OpenSocket {
  readonly socket: DrainingSocket;
  session: Session | null;
}

/**
 * Serves Prefect's two sockets. With the subprotocol, a client authenticates by its first message,
 * else by its header.
 *
 *   opened --auth message--> session
 *      '-- another message, no valid key, timeout --> closed with 1008
 *
 * Assumes: the caller of `upgrade` has checked the origin policy and the limit of the address.
 *
 * `close` closes all sockets with a code after which Prefect's clients reconnect, and waits a moment
 * for received frames to be stored.
 */
export function servePrefectSockets(parts: PrefectSocketParts) {
  // No compression: frames are small, and clients that offer it also work without it.
  const options = {
    WebSocket: DrainingSocket,
    noServer: true,
    maxPayload: parts.limits.bodyBytes,
    autoPong: false,
    perMessageDeflate: false,
  } as const;
  const server = new WebSocketServer({ ...options, handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false) });
  const inParts = { ...parts, bufferedBytes: createBufferedBytes(maxBufferedBytes) };
  const openSockets = new Set<OpenSocket>();
  /** Sessions of open sockets, and of closed ones that still have frames to store. */
  const sessions = new Set<Session>();
  let isClosing = false;

  const sessionFor = (path: string, socket: DrainingSocket, client: Omit<SocketClient, 'socket'>): Session => {
    if (path === outPath) {
      const out = new OutboundEvents(parts, { ...client, socket });
      return { take: (frame) => out.take(frame), closed: async () => out.end(), stop: async () => out.end() };
    }
    const events = new InboundEvents(inParts, { ...client, socket });
    socket.whenDrained = () => events.whenDrained();
    return { take: (frame) => events.take(frame), closed: () => events.whenDrained(), stop: (timeoutMs) => events.stop(timeoutMs) };
  };

  const serve = (socket: DrainingSocket, request: IncomingMessage, initialCaller: Caller | null): void => {
    const path = pathOf(request);
    const connection = request.socket;
    const isStrict = strictOf(request);
    const entry: OpenSocket = { socket, session: null };
    openSockets.add(entry);
    parts.metrics.sockets.inc();
    keepAlive(socket, connection, {
      isReadPaused: () => socket.isPaused,
      stalled: () => parts.slowConsumers.report('STALLED', rateLimitKeyOf({ caller: authenticatedCaller, address: addressOf(request) })),
      idleMs: parts.limits.idleMs,
    });
    limitUntilAuthenticated(socket, connection, parts.metrics.rejectedRequests);
    const authTimeout = setTimeout(() => close(socket, 1008, "Expected 'auth' message"), authTimeoutMs);
    let authenticatedCaller: Caller | null = null;
    let connectionSlot: Disposable | null = null;
    const onKeyEnded = (): void => close(socket, 1008, 'The key was revoked or has expired');

    /** False: the key has too many connections. */
    const startSession = (caller: Caller): boolean => {
      clearTimeout(authTimeout);
      markAuthenticated(connection);
      connectionSlot = parts.connections.acquireForKey(caller.keyId);
      if (connectionSlot === null) {
        parts.metrics.rejectedRequests.inc({ reason: 'LIMIT_EXCEEDED' });
        close(socket, tryAgainLater, 'Too many connections of this key');
        return false;
      }
      authenticatedCaller = caller;
      abortListeners(caller.ended).add(onKeyEnded);
      entry.session = sessionFor(path, socket, { connection, caller, address: addressOf(request), isStrict });
      sessions.add(entry.session);
      return true;
    };
    const authenticate = async (first: Frame): Promise<void> => {
      const caller = await authenticateSocket(parts, request, first);
      if (caller instanceof HandshakeRejection) return close(socket, caller.code, caller.reason);
      if (socket.readyState !== socket.OPEN) return;
      if (!startSession(caller)) return;
      socket.send(JSON.stringify({ type: 'auth_success' }), ignore);
      for (const frame of earlyFrames.splice(0)) entry.session?.take(frame);
      socket.resume();
    };
    /** Frames received during the authentication; few, because the socket is paused meanwhile. */
    const earlyFrames: Frame[] = [];
    let isAuthenticating = false;
    if (initialCaller !== null) startSession(initialCaller);
    onFrames(socket, (frame) => {
      if (entry.session !== null) return entry.session.take(frame);
      if (isAuthenticating) return void earlyFrames.push(frame);
      if (frame.kind === 'ping') return pong(socket, connection, frame.bytes);
      isAuthenticating = true;
      socket.pause();
      void authenticate(frame).catch((error: unknown) => {
        reportBug(parts, error);
        close(socket, 1011, 'Internal server error');
      });
    });
    socket.on('error', (error) => parts.logger.info({ err: error }, 'WebSocket error'));
    socket.once('close', () => {
      openSockets.delete(entry);
      parts.metrics.sockets.dec();
      clearTimeout(authTimeout);
      connectionSlot?.[Symbol.dispose]();
      if (authenticatedCaller !== null) abortListeners(authenticatedCaller.ended).delete(onKeyEnded);
      const { session } = entry;
      void session?.closed().then(() => sessions.delete(session));
    });
  };

  const upgrade = async (request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> => {
    if (hasInvalidQuery(request)) {
      parts.metrics.rejectedRequests.inc({ reason: 'BAD_USER_INPUT' });
      return rejectUpgrade(connection, '400 Bad Request');
    }
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((each) => each.trim()) ?? [];
    const initialCaller = offered.includes(subprotocol) ? null : await authenticateSocket(parts, request, null);
    if (initialCaller instanceof HandshakeRejection) return rejectUpgrade(connection, initialCaller.status);
    if (isClosing) return rejectUpgrade(connection, '503 Service Unavailable', { 'retry-after': '1' });
    server.handleUpgrade(request, connection, head, (socket) => serve(socket, request, initialCaller));
  };

  return {
    matchesPath: (path: string): boolean => path === inPath || path === outPath,
    upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
      upgrade(request, connection, head).catch((error: unknown) => {
        reportBug(parts, error);
        connection.destroy();
      });
    },
    async close(reason: CloseReason) {
      isClosing = true;
      const all = [...openSockets];
      const closed = Promise.all(all.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))));
      // During the handshake, Prefect's client takes any close except a clean one for a rejection.
      for (const { socket, session } of all) close(socket, session === null ? 1001 : 1012, closeReasons[reason]);
      const terminateTimer = setTimeout(() => all.forEach(({ socket }) => socket.terminate()), closeTimeoutMs);
      await Promise.all([closed, ...[...sessions].map((session) => session.stop(closeTimeoutMs))]);
      clearTimeout(terminateTimer);
    },
  };
}

/** The value of `?strict=`, which only the socket for emitting has. Throws an HttpError. */
function strictOf(request: IncomingMessage): boolean {
  return strictIn(queryParameters(request.url ?? '', pathOf(request) === inPath ? ['strict'] : []));
}

function hasInvalidQuery(request: IncomingMessage): boolean {
  try {
    strictOf(request);
    return false;
  } catch {
    return true;
  }
}

const subprotocol = 'prefect';
const authTimeoutMs = 10_000;
/** Time for a client to answer a close frame, and for its received frames to be stored. */
const closeTimeoutMs = 1000;
/** Bytes of all sockets, received and not yet stored, above which sockets with a queue pause. */
const maxBufferedBytes = 64 << 20;
/** Prefect's client reconnects after a delay. */
const tryAgainLater = 1013;
const ignore = (): void => undefined;
