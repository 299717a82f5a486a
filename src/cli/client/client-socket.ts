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
      super(address, protocols, { handshakeTimeout: openingMs });
      onCreated(this);
      terminateWhenSilent(this);
    }
  };
}

function terminateWhenSilent(socket: WebSocket): void {
  let heard = true;
  const hear = (): void => void (heard = true);
  const beat = setInterval(() => {
    if (socket.readyState !== socket.OPEN || socket.isPaused) return hear();
    if (!heard) return socket.terminate();
    heard = false;
    socket.ping();
  }, beatMs);
  socket.on('pong', hear);
  socket.on('message', hear);
  socket.once('close', () => clearInterval(beat));
}

const openingMs = 10_000;
/** A server that has not answered for one to two of these is gone. */
const beatMs = 10_000;
