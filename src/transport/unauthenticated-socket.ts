import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { discard } from './socket-lifecycle.ts';
import { chargeUnauthenticated, isAuthenticated } from './unauthenticated-connections.ts';

/**
 * Limits what a client can send on a WebSocket until its connection is authenticated.
 *
 * Assumes: called when the socket has been opened, before anything is read from it.
 * Guarantees: ws keeps at most about `maxBytes` of an unfinished message. Beyond it the socket is
 * closed with 1009, and what follows is not kept. Each frame, and each chunk in which the network
 * delivers them, counts as `minPartBytes` at least, because ws keeps an object for each.
 * Does not guarantee: a bound on the time. That is for the timeout of the protocol's first message.
 */
export function limitUntilAuthenticated(socket: WebSocket, connection: Socket, rejected: { inc(labels: { reason: string }): void }): void {
  const frames = new FrameCounter();
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    if (isAuthenticated(connection)) return void connection.off('data', count);
    const before = bytes;
    bytes += Math.max(chunk.length, minPartBytes * (1 + frames.startedIn(chunk)));
    chargeUnauthenticated(connection, Math.floor(bytes / unitBytes) - Math.floor(before / unitBytes));
    if (bytes <= maxBytes) return;
    rejected.inc({ reason: 'LIMIT_EXCEEDED' });
    connection.removeAllListeners('data'); // that of ws, which would keep what follows
    socket.close(messageTooBig, `expected at most ${maxBytes} bytes before authentication`);
    discard(connection);
  };
  connection.on('data', count);
}

/** Finds the frames in the bytes that a client sends. */
class FrameCounter {
  private header: number[] = [];
  /** Bytes up to the next header. */
  private skipped = 0;

  /** Returns how many complete headers of frames end in the chunk. */
  startedIn(chunk: Buffer): number {
    let frames = 0;
    for (let at = 0; at < chunk.length;) {
      const length = Math.min(this.skipped, chunk.length - at);
      this.skipped -= length;
      at += length;
      if (at < chunk.length) frames += this.readHeader(chunk[at++] as number) ? 1 : 0;
    }
    return frames;
  }

  /** Returns whether the byte completes a header (RFC 6455, section 5.2) up to the masking key. */
  private readHeader(byte: number): boolean {
    const { header } = this;
    header.push(byte);
    const [, second = 0] = header;
    const lengthBytes = { 126: 2, 127: 8 }[second & 0x7f] ?? 0;
    if (header.length < 2 + lengthBytes) return false;
    const payloadBytes = lengthBytes === 0 ? second & 0x7f : header.slice(2).reduce((sum, each) => sum * 256 + each, 0);
    this.skipped = maskBytes + payloadBytes;
    this.header = [];
    return true;
  }
}

/** Room for a key and the parameters of a client. */
const maxBytes = 64 * 1024;
/** The memory that counts as one more connection. */
const unitBytes = 4096;
/** About the memory of a part and its object. */
const minPartBytes = 256;
const messageTooBig = 1009;
/** Clients mask each frame; ws rejects one that is not masked. */
const maskBytes = 4;
