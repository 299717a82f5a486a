import { WebSocket } from 'ws';

/**
 * Returns a WebSocket class with timeouts for the handshake and for a silent server. While a socket
 * is paused for its own reader, it is not checked.
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
/** A server that is silent for one to two of these intervals is considered lost. */
const heartbeatIntervalMs = 10_000;
