import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Caller } from '../../../auth/caller.ts';
import type { EventLimits } from '../../../event/limits.ts';
import { addressOf } from '../../../transport/client.ts';
import type { Connections } from '../../../transport/connection-limit.ts';
import { Turns } from '../../../concurrency/time-slices.ts';
import { keepAlive, refuseUpgrade } from '../../../transport/socket-lifecycle.ts';
import { reportBug, type VisitParts, pathOf } from '../../handle-request.ts';
import { admitted, inPath, outPath, Turned } from './auth-handshake.ts';
import { createBacklog, close, onFrames, pong, type Frame } from './frames.ts';
import { EventsIn, type EventsInParts, type Visitor } from './inbound.ts';
import { EventsOut, type EventsOutParts } from './outbound.ts';
import { SettlingSocket } from './draining-socket.ts';

export type PrefectSocketParts = VisitParts &
  Omit<EventsInParts, 'backlog'> &
  Omit<EventsOutParts, 'turns'> & {
    readonly limits: EventLimits & { readonly bodyBytes: number };
    readonly connections: Pick<Connections, 'ofKey'>;
  };

/** What happens on a socket once it is known who is there. */
interface Session {
  take(frame: Frame): void;
  /** The socket has closed; resolves when nothing is left to do. */
  closed(): Promise<void>;
  stop(patienceMs: number): Promise<void>;
}

interface Open {
  readonly socket: SettlingSocket;
  session: Session | null;
}

/**
 * Prefect's two sockets. A client says who it is in its first message, if it speaks the subprotocol, else by its header.
 *
 *   opened --auth--> let in --> session      no auth, a wrong one, too late: closed with 1008
 *
 * Which pages may open one, and how many an address, was found out before. Disposing closes all, in such a way that Prefect's
 * clients come again, and lets what has come in be stored for a moment.
 */
export function servePrefectSockets(parts: PrefectSocketParts) {
  // Frames are not packed: they are small, and clients that offer to pack them do without.
  const settings = {
    WebSocket: SettlingSocket,
    noServer: true,
    maxPayload: parts.limits.bodyBytes,
    autoPong: false,
    perMessageDeflate: false,
  } as const;
  const server = new WebSocketServer({ ...settings, handleProtocols: (offered) => (offered.has(protocol) ? protocol : false) });
  const inParts = { ...parts, backlog: createBacklog(mostWaiting) };
  const outParts = { ...parts, turns: new Turns() };
  const open = new Set<Open>();
  /** Those with a socket, and those that still have something to store. */
  const sessions = new Set<Session>();

  const sessionFor = (path: string, socket: SettlingSocket, { connection, caller, address }: Omit<Visitor, 'socket'>): Session => {
    if (path === outPath) {
      const out = new EventsOut(outParts, { socket, connection, caller, address });
      return { take: (frame) => out.take(frame), closed: async () => out.end(), stop: async () => out.end() };
    }
    const events = new EventsIn(inParts, { socket, connection, caller, address });
    socket.settled = () => events.settled();
    return { take: (frame) => events.take(frame), closed: () => events.settled(), stop: (patienceMs) => events.stop(patienceMs) };
  };

  const serve = (socket: SettlingSocket, request: IncomingMessage, known: Caller | null): void => {
    const path = pathOf(request);
    const connection = request.socket;
    const one: Open = { socket, session: null };
    open.add(one);
    parts.metrics.sockets.inc();
    const heartbeat = keepAlive(socket, () => socket.isPaused);
    const tooLate = setTimeout(() => close(socket, 1008, "Expected 'auth' message"), authMs);
    let letIn: Caller | null = null;
    let held: Disposable | null = null;
    const onEnded = (): void => close(socket, 1008, 'The key was revoked or has expired');

    /** False: the key has as many connections as it may. */
    const begin = (caller: Caller): boolean => {
      clearTimeout(tooLate);
      held = parts.connections.ofKey(caller.keyId);
      if (held === null) {
        parts.metrics.refused.inc({ reason: 'LIMIT_EXCEEDED' });
        close(socket, tryAgainLater, 'Too many connections of this key');
        return false;
      }
      letIn = caller;
      caller.ended.addEventListener('abort', onEnded);
      one.session = sessionFor(path, socket, { connection, caller, address: addressOf(request) });
      sessions.add(one.session);
      return true;
    };
    const authenticate = async (first: Frame): Promise<void> => {
      const caller = await admitted(parts, request, first);
      if (caller instanceof Turned) return close(socket, caller.code, caller.reason);
      if (socket.readyState !== socket.OPEN) return;
      if (!begin(caller)) return;
      socket.send(JSON.stringify({ type: 'auth_success' }), ignore);
      for (const frame of early.splice(0)) one.session?.take(frame);
      socket.resume();
    };
    /** What came while it was found out who is there; not much, since the socket is not read meanwhile. */
    const early: Frame[] = [];
    let isAsking = false;
    if (known !== null) begin(known);
    onFrames(socket, (frame) => {
      if (one.session !== null) return one.session.take(frame);
      if (isAsking) return void early.push(frame);
      if (frame.kind === 'ping') return pong(socket, connection, frame.bytes);
      isAsking = true;
      socket.pause();
      void authenticate(frame).catch((error: unknown) => {
        reportBug(parts, error);
        close(socket, 1011, 'Internal server error');
      });
    });
    socket.on('error', (error) => parts.logger.info({ err: error }, 'a WebSocket failed'));
    socket.once('close', () => {
      open.delete(one);
      parts.metrics.sockets.dec();
      clearInterval(heartbeat);
      clearTimeout(tooLate);
      held?.[Symbol.dispose]();
      letIn?.ended.removeEventListener('abort', onEnded);
      const { session } = one;
      void session?.closed().then(() => sessions.delete(session));
    });
  };

  const upgrade = async (request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> => {
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((each) => each.trim()) ?? [];
    const known = offered.includes(protocol) ? null : await admitted(parts, request, null);
    if (known instanceof Turned) return refuseUpgrade(connection, known.status);
    server.handleUpgrade(request, connection, head, (socket) => serve(socket, request, known));
  };

  return {
    opensAt: (path: string): boolean => path === inPath || path === outPath,
    upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
      upgrade(request, connection, head).catch((error: unknown) => {
        reportBug(parts, error);
        connection.destroy();
      });
    },
    async [Symbol.asyncDispose]() {
      const all = [...open];
      const closed = Promise.all(all.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))));
      // Within the handshake Prefect's client takes anything but a clean close for a refusal.
      for (const { socket, session } of all) close(socket, session === null ? 1001 : 1012, 'The server is going away');
      const patience = setTimeout(() => all.forEach(({ socket }) => socket.terminate()), closingMs);
      await Promise.all([closed, ...[...sessions].map((session) => session.stop(closingMs))]);
      clearTimeout(patience);
    },
  };
}

const protocol = 'prefect';
const authMs = 10_000;
/** How long a client has to answer the closing of its socket, and what came from it to be stored. */
const closingMs = 1000;
/** Bytes that all sockets together have taken in and not stored, before those with something waiting are not read. */
const mostWaiting = 64 << 20;
/** Prefect's client comes again after a while. */
const tryAgainLater = 1013;
const ignore = (): void => undefined;
