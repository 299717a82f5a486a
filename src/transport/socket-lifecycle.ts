import type { WebSocket } from 'ws';
import type { Duplex } from 'node:stream';

/**
 * Pings a client for as long as the timer runs; one that has not answered by the next ping is gone, and its socket is
 * terminated. But for one that `isExcused`: where we do not read it for reasons of our own, its answer lies unread.
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

const pingIntervalMs = 12_000;
const never = (): boolean => false;

/** Answers a request to become a WebSocket with a status such as `404 Not Found`, and ends its connection. */
export function rejectUpgrade(connection: Duplex, status: string, headers: Readonly<Record<string, string>> = {}): void {
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': '0' }).map(([name, value]) => `${name}: ${value}`);
  connection.end(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n`);
}
