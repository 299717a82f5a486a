import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** A frame received from a WebSocket. */
export type Frame = { readonly kind: 'text' | 'binary' | 'ping'; readonly bytes: Buffer };

/** Passes every frame to `take`, including pings, which only `take` answers. */
export function onFrames(socket: WebSocket, take: (frame: Frame) => void): void {
  socket.on('message', (data, isBinary) => take({ kind: isBinary ? 'binary' : 'text', bytes: bufferOf(data) }));
  socket.on('ping', (bytes) => take({ kind: 'ping', bytes }));
}

function bufferOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer);
}

/** Closes with a reason, cut to the size of a close frame. */
export function close(socket: WebSocket, code: number, reason: string): void {
  let cut = reason;
  while (Buffer.byteLength(cut) > maxReasonBytes) cut = cut.slice(0, -1);
  socket.close(code, cut.toWellFormed());
}

const maxReasonBytes = 122;

/**
 * Answers a ping. Pauses the socket while the client does not read its pongs. `connection` is the
 * network connection of the socket.
 */
export function pong(socket: WebSocket, connection: Duplex, bytes: Buffer): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.pong(bytes, false, ignore);
  if (connection.writableLength < maxUnreadBytes || socket.isPaused) return;
  socket.pause();
  connection.once('drain', () => socket.resume());
}

/** Bytes of unread pongs after which the socket is paused. */
const maxUnreadBytes = 256 * 1024;
const ignore = (): void => undefined;

/** The bytes that all sockets together have received and not yet stored, with one bound. */
export interface BufferedBytes {
  /** Negative for bytes that were stored or dropped. */
  add(bytes: number): void;
  /** Whether sockets with queued frames should pause. */
  readonly isFull: boolean;
}

export function createBufferedBytes(maxBytes: number): BufferedBytes {
  let buffered = 0;
  return {
    add: (bytes) => void (buffered += bytes),
    get isFull() {
      return buffered > maxBytes;
    },
  };
}
