import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/**
 * Pings a client while its connection is idle, and terminates its socket if no byte flows, in
 * either direction, for `maxUnansweredPings` + 1 times `idleMs`. While `isReadPaused`, the server
 * does not read the socket, so a missing pong does not count. Stops when the socket has closed.
 *
 * Why not a pong before each next ping? On a slow network, a pong comes only after everything that
 * was sent before its ping: a minute for 20 MB at 3 Mbit/s. Node's timeout of a connection starts
 * again with every part of a write that the network accepts.
 */
export function keepAlive(
  socket: WebSocket,
  connection: Socket,
  { isReadPaused = never, stalled, idleMs = defaultIdleMs }: KeepAliveOptions,
): void {
  let unansweredPings = 0;
  let { bytesRead } = connection;
  connection.on('timeout', () => {
    if (connection.bytesRead !== bytesRead) unansweredPings = 0;
    ({ bytesRead } = connection);
    if (unansweredPings >= maxUnansweredPings && !isReadPaused()) {
      stalled();
      return socket.terminate();
    }
    unansweredPings += 1;
    socket.ping();
    connection.setTimeout(idleMs); // it fires once
  });
  connection.setTimeout(idleMs);
  socket.once('close', () => connection.setTimeout(0));
}

/**
 * Calls `ping` while a stream over HTTP is idle, and `stalled` if bytes wait and the network accepts
 * none in `maxUnansweredPings` + 1 periods of `idleMs`, and perhaps the part of one before. So a
 * client is cut as soon as over WebSocket. Nothing is written while bytes wait, so pings hide no
 * stall. Stops when the response has closed.
 *
 * Assumes: the headers are sent. Yoga resets the timeout of the connection when it sends them.
 * Guarantees: a client that reads slowly is not cut. Node begins a period again, without an event,
 * if the network has accepted bytes in it. So an event that comes late is no stall, nor is one
 * after this process was busy.
 * Does not guarantee: to notice a client that has left without a word while nothing waits. The
 * system does, when its retransmissions of a ping fail.
 */
export function keepStreamAlive(
  response: ServerResponse,
  { ping, stalled }: { readonly ping: () => void; readonly stalled: () => void },
  idleMs: number = defaultIdleMs,
): void {
  let stalledPeriods = 0;
  let begunAt = 0;
  const begin = (): void => {
    begunAt = performance.now();
    response.setTimeout(idleMs); // it fires once
  };
  response.on('timeout', () => {
    const isLate = performance.now() - begunAt > 1.5 * idleMs;
    stalledPeriods = response.writableLength === 0 ? 0 : isLate ? 1 : stalledPeriods + 1;
    if (stalledPeriods > maxUnansweredPings) return stalled();
    if (stalledPeriods === 0) ping();
    begin();
  });
  begin();
}

export interface KeepAliveOptions extends ConnectionTimeouts {
  readonly isReadPaused?: () => boolean;
  /** Called before the socket is terminated. */
  readonly stalled: () => void;
}

/** Replaced in tests only. */
export interface ConnectionTimeouts {
  /** The time without a byte after which a client is pinged. Shorter than the timeouts of most proxies. */
  readonly idleMs?: number | undefined;
}

/** Why a server closes all its WebSockets. Clients reconnect after either. */
export type CloseReason = 'SHUTDOWN' | 'DATABASE_REPLACED';

/** The text for clients. */
export const closeReasons: Readonly<Record<CloseReason, string>> = {
  SHUTDOWN: 'The server is shutting down',
  DATABASE_REPLACED: 'The database server was replaced',
};

const defaultIdleMs = 12_000;
/** Two: bytes that wait in the buffers of the operating system can take longer than one period. */
const maxUnansweredPings = 2;
const never = (): boolean => false;

/** Answers an upgrade request with a status such as `404 Not Found`, and ends its connection. */
export function rejectUpgrade(connection: Duplex, status: string, headers: Readonly<Record<string, string>> = {}): void {
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': '0' }).map(([name, value]) => `${name}: ${value}`);
  connection.end(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n`);
  discard(connection);
}

/**
 * Reads on without keeping anything, and destroys the connection after a moment. Closing it at once
 * would reset it, and a client that still sends would not see why; left alone, a client could keep
 * it half open for ever.
 */
export function discard(connection: Duplex): void {
  connection.resume();
  const timer = setTimeout(() => connection.destroy(), discardMs);
  connection.once('close', () => clearTimeout(timer));
}

const discardMs = 1000;
