import type { WebSocket } from 'ws';

/**
 * Pings a client for as long as the timer runs; one that has not answered by the next ping is gone, and its socket is
 * terminated. But for one that `isExcused`: where we do not read it for reasons of our own, its answer lies unread.
 */
export function keepAlive(socket: WebSocket, isExcused: () => boolean = never): NodeJS.Timeout {
  let alive = true;
  socket.on('pong', () => (alive = true));
  return setInterval(() => {
    if (!alive && !isExcused()) return socket.terminate();
    alive = false;
    socket.ping();
  }, pingMs);
}

const pingMs = 12_000;
const never = (): boolean => false;
