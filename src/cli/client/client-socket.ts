import { WebSocket } from 'ws';

/**
 * A WebSocket that does not wait for ever: not for its opening, and not for a server that went away without a word. One
 * that is paused waits for its own reader, so silence then says nothing.
 */
export function socketClass(
  onCreated: (socket: WebSocket) => void,
): new (address: string | URL, protocols?: string | string[]) => WebSocket {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, { handshakeTimeout: openTimeoutMs });
      onCreated(this);
      terminateWhenSilent(this);
    }
  };
}

function terminateWhenSilent(socket: WebSocket): void {
  let isAlive = true;
  const markAlive = (): void => void (isAlive = true);
  const heartbeat = setInterval(() => {
    if (socket.readyState !== socket.OPEN || socket.isPaused) return markAlive();
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, heartbeatIntervalMs);
  socket.on('pong', markAlive);
  socket.on('message', markAlive);
  socket.once('close', () => clearInterval(heartbeat));
}

const openTimeoutMs = 10_000;
/** A server that has not answered for one to two of these is gone. */
const heartbeatIntervalMs = 10_000;
