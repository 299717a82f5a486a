import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/**
 * Pings a client until the timer is cleared, and terminates its socket if no pong arrives before
 * the next ping. While `isReadPaused`, the server does not read the socket, so a missing pong does
 * not count.
 */
export function keepAlive(socket: WebSocket, isReadPaused: () => boolean = never): NodeJS.Timeout {
  let alive = true;
  socket.on('pong', () => (alive = true));
  return setInterval(() => {
    if (!alive && !isReadPaused()) return socket.terminate();
    alive = false;
    socket.ping();
  }, pingIntervalMs);
}

/** Why a server closes all its WebSockets. Clients reconnect after either. */
export type CloseReason = 'SHUTDOWN' | 'DATABASE_REPLACED';

/** The text for clients. */
export const closeReasons: Readonly<Record<CloseReason, string>> = {
  SHUTDOWN: 'The server is shutting down',
  DATABASE_REPLACED: 'The database server was replaced',
};

const pingIntervalMs = 12_000;
const never = (): boolean => false;

/** Answers an upgrade request with a status such as `404 Not Found`, and ends its connection. */
export function rejectUpgrade(connection: Duplex, status: string, headers: Readonly<Record<string, string>> = {}): void {
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': '0' }).map(([name, value]) => `${name}: ${value}`);
  connection.end(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n`);
}
