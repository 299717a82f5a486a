import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { NetworkRoom, type NetworkRoomParts } from './slow-consumers/network-room.ts';

/**
 * Writes to one WebSocket, for all of its operations.
 *
 * Guarantees: messages go out in the order of the calls, and those of one turn of the event loop in
 * one write.
 *
 * Why it writes frames itself: ws makes two buffers for each, so a write of many messages passes very
 * many buffers to the system. Here it is one buffer, which takes half the time.
 */
export class SocketWriter {
  readonly room: NetworkRoom;
  private corked = false;
  private readonly pauses = new Set<'HANDLING' | 'UNREAD'>();
  /** The messages that are not written yet. */
  private pending: PendingMessage[] = [];
  /** The bytes of their frames. */
  private pendingBytes = 0;

  constructor(
    private readonly socket: OrderedWebSocket,
    /** The connection below the WebSocket. */
    private readonly connection: Duplex,
    charged: Pick<NetworkRoomParts, 'slowConsumers' | 'client'>,
  ) {
    socket.writer = this;
    const waitingBytes = (): number => connection.writableLength + this.pendingBytes;
    this.room = new NetworkRoom({ ...charged, connection, waitingBytes, close: () => socket.terminate() });
    connection.once('close', () => this.room.closed());
    connection.on('drain', this.handleDrain);
    socket.on('ping', () => this.pauseUnread()); // ws has already sent the pong
  }

  /** Sends a text. Resolves when the network has accepted it, or never will. */
  async sendAndFlush(message: string | Buffer): Promise<void> {
    await new Promise<void>((resolve) => {
      this.socket.send(message, { binary: false }, () => resolve());
      this.pauseUnread();
    });
  }

  /** Sends a message in an envelope as a text. Does nothing if the socket is closing. */
  send(envelope: Envelope, message: EncodedMessage): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (!this.corked) {
      this.corked = true;
      this.connection.cork();
      process.nextTick(this.uncork);
    }
    if (message.byteLength < minSharedBytes) {
      this.pending.push({ envelope, message });
      this.pendingBytes += frameBytes(envelope.byteLength + message.byteLength);
      return;
    }
    // In fragments, so that the buffers of many clients share one copy of the message.
    this.socket.send(envelope.before, { fin: false }, ignore);
    this.socket.send(message.bytes, { fin: false, binary: false }, ignore);
    this.socket.send(envelope.after, { fin: true }, ignore);
    this.room.wroteShared(message);
  }

  /** Writes the pending messages. */
  flush(): void {
    const { pending, pendingBytes, connection } = this;
    if (pendingBytes === 0) return;
    this.pending = [];
    this.pendingBytes = 0;
    if (!connection.writable) return;
    const frames = Buffer.allocUnsafe(pendingBytes);
    let at = 0;
    for (const { envelope, message } of pending) {
      at = writeHead(frames, at, envelope.byteLength + message.byteLength);
      at += frames.write(envelope.before, at);
      at += frames.write(message.json, at);
      at += frames.write(envelope.after, at);
    }
    connection.write(frames);
  }

  private readonly uncork = (): void => {
    this.flush();
    this.corked = false;
    this.connection.uncork();
  };

  /** Reads no further messages, until `resumeReading`. */
  pauseReading(): void {
    this.pauses.add('HANDLING');
    this.socket.pause();
  }

  resumeReading(): void {
    this.endPause('HANDLING');
  }

  /** Stops reading from a client that does not read the responses to what it sent. */
  private pauseUnread(): void {
    if (this.pauses.has('UNREAD') || this.connection.writableLength < maxUnreadBytes) return;
    this.pauses.add('UNREAD');
    this.socket.pause();
  }

  private endPause(reason: 'HANDLING' | 'UNREAD'): void {
    if (this.pauses.delete(reason) && this.pauses.size === 0) this.socket.resume();
  }

  private readonly handleDrain = (): void => {
    this.endPause('UNREAD');
    this.room.drained();
  };
}

/**
 * The size of a message from which on it is not copied for each client: a WebSocket sends it in
 * fragments.
 */
export const minSharedBytes = 16 * 1024;
/**
 * Bytes of responses and pongs that may wait for one client's network before its socket is not
 * read.
 */
const maxUnreadBytes = 1024 * 1024;
const ignore = (): void => undefined;

/** The bytes of a frame that is not masked (RFC 6455, section 5.2). */
function frameBytes(payloadBytes: number): number {
  return payloadBytes + (payloadBytes < 126 ? 2 : payloadBytes < 0x1_0000 ? 4 : 10);
}

/** Writes the head of a text frame, and returns its end. */
function writeHead(frames: Buffer, start: number, payloadBytes: number): number {
  const at = frames.writeUInt8(0x81, start); // final, text
  if (payloadBytes < 126) return frames.writeUInt8(payloadBytes, at);
  if (payloadBytes < 0x1_0000) return frames.writeUInt16BE(payloadBytes, frames.writeUInt8(126, at));
  return frames.writeBigUInt64BE(BigInt(payloadBytes), frames.writeUInt8(127, at));
}

interface PendingMessage {
  readonly envelope: Envelope;
  readonly message: EncodedMessage;
}

/** The text around the messages of one operation. */
export class Envelope {
  readonly byteLength: number;

  constructor(
    readonly before: string,
    readonly after: string,
  ) {
    this.byteLength = Buffer.byteLength(before) + Buffer.byteLength(after);
  }
}

let messages = 0;

/** A message's text, encoded once for all clients that get it. */
export class EncodedMessage {
  /** Names it where memory is charged. */
  readonly id = (messages += 1);
  private text: string | null;
  private utf8: Buffer | null;
  readonly byteLength: number;

  /** `content`: the text, or the same in UTF-8. */
  constructor(content: string | Buffer) {
    this.text = typeof content === 'string' ? content : null;
    this.utf8 = typeof content === 'string' ? null : content;
    this.byteLength = Buffer.byteLength(content);
  }

  /** The text, made on first use. */
  get json(): string {
    return (this.text ??= this.utf8?.toString() ?? '');
  }

  /** The text in UTF-8, made on first use. */
  get bytes(): Buffer {
    return (this.utf8 ??= Buffer.from(this.json));
  }
}

/**
 * A WebSocket beside which a writer writes frames of its own to the connection.
 *
 * Guarantees: frames that ws writes come after those that the writer had before, because the writer
 * is flushed first.
 */
export class OrderedWebSocket extends WebSocket {
  /** On the prototype while there is none, since there may be very many sockets. */
  declare writer: SocketWriter | undefined;
}

// All methods with which ws, its receiver or its users write a frame.
for (const name of ['send', 'ping', 'pong', 'close'] as const) {
  const write = WebSocket.prototype[name] as (...args: unknown[]) => void;
  Object.defineProperty(OrderedWebSocket.prototype, name, {
    value(this: OrderedWebSocket, ...args: unknown[]): void {
      this.writer?.flush();
      write.apply(this, args);
    },
    configurable: true,
    writable: true,
  });
}
