import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** What came through a WebSocket, in its order. */
export type Frame = { readonly kind: 'text' | 'binary' | 'ping'; readonly bytes: Buffer };

/** Hands on every frame as it comes, pings among them, which nobody else answers. */
export function onFrames(socket: WebSocket, take: (frame: Frame) => void): void {
  socket.on('message', (data, isBinary) => take({ kind: isBinary ? 'binary' : 'text', bytes: bufferOf(data) }));
  socket.on('ping', (bytes) => take({ kind: 'ping', bytes }));
}

function bufferOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer);
}

/** Closes with a reason, cut to what a close frame takes. */
export function close(socket: WebSocket, code: number, reason: string): void {
  let cut = reason;
  while (Buffer.byteLength(cut) > maxReasonBytes) cut = cut.slice(0, -1);
  socket.close(code, cut.toWellFormed());
}

const maxReasonBytes = 122;

/**
 * Answers a ping, and takes in nothing more while the client does not read what it has caused to be sent. `connection` is
 * the one below the socket.
 */
export function pong(socket: WebSocket, connection: Duplex, bytes: Buffer): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.pong(bytes, false, ignore);
  if (connection.writableLength < maxUnreadBytes || socket.isPaused) return;
  socket.pause();
  connection.once('drain', () => socket.resume());
}

/** Bytes of pongs. */
const maxUnreadBytes = 256 * 1024;
const ignore = (): void => undefined;

/** What all sockets together have taken in and not yet stored, so that many of them are bounded as one is. */
export interface BufferedBytes {
  /** Bytes; negative when they are settled. */
  add(bytes: number): void;
  /** Whether sockets should not be read for now, but for those that have nothing waiting. */
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
