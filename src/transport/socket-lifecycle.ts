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
export function keepAlive(socket: WebSocket, connection: Socket, { isReadPaused = never, idleMs = defaultIdleMs } = {}): void {
  let unansweredPings = 0;
  let { bytesRead } = connection;
  connection.on('timeout', () => {
    if (connection.bytesRead !== bytesRead) unansweredPings = 0;
    ({ bytesRead } = connection);
    if (unansweredPings >= maxUnansweredPings && !isReadPaused()) return socket.terminate();
    unansweredPings += 1;
    socket.ping();
    connection.setTimeout(idleMs); // it fires once
  });
  connection.setTimeout(idleMs);
  socket.once('close', () => connection.setTimeout(0));
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
