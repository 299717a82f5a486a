import { WebSocket, type MessageEvent } from 'ws';
import { exactMessage } from '../../json/exact-message.ts';

/**
 * Returns a WebSocket class for graphql-ws with timeouts for the handshake and for a silent server,
 * whose messages keep exact numbers. While a socket is paused for its own reader, it is not checked.
 */
export function socketClass(
  onCreated: (socket: WebSocket) => void,
): new (address: string | URL, protocols?: string | string[]) => WebSocket {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, { handshakeTimeout: openTimeoutMs });
      onCreated(this);
      keepExactNumbers(this);
      terminateWhenSilent(this);
    }
  };
}

/** graphql-ws sets `onmessage`, which adds a listener. */
function keepExactNumbers(socket: WebSocket): void {
  const addEventListener = socket.addEventListener.bind(socket) as (type: string, listener: Listener, options?: object) => void;
  Object.assign(socket, {
    addEventListener: (type: string, listener: Listener, options?: object) =>
      addEventListener(type, type === 'message' ? exactly(listener) : listener, options),
  });
}

function exactly(listener: Listener): Listener {
  return (event) => {
    const { data } = event as MessageEvent;
    if (typeof data === 'string') Object.defineProperty(event, 'data', { value: exactMessage(data) });
    listener(event);
  };
}

type Listener = (event: object) => void;

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
