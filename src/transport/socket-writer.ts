import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { WakeListener } from '../concurrency/wake-signal.ts';

/**
 * Writes to one WebSocket, for all of its operations.
 *
 * Guarantees: messages go out in the order of the calls, and those of one turn of the event loop in
 * one write.
 */
export class SocketWriter {
  private drainListeners: WakeListener[] = [];
  private corked = false;
  private readonly pauses = new Set<'HANDLING' | 'UNREAD'>();

  constructor(
    private readonly socket: WebSocket,
    /** The connection below the WebSocket. */
    private readonly connection: Duplex,
    /** Counts the sockets with drain listeners. */
    private readonly slowConsumers: { inc(): void; dec(): void },
  ) {
    connection.once('close', () => this.takeDrainListeners());
    connection.on('drain', this.handleDrain);
    socket.on('ping', () => this.pauseUnread()); // ws has already sent the pong
  }

  /** Whether less than `maxBufferedBytes` wait for the client's network. */
  get hasRoom(): boolean {
    return this.connection.writableLength < maxBufferedBytes;
  }

  /**
   * Wakes the listener when there is room again, in the order of the calls; never if the socket has
   * closed.
   */
  onDrain(listener: WakeListener): void {
    if (this.drainListeners.length === 0 && !this.connection.destroyed) this.slowConsumers.inc();
    this.drainListeners.push(listener);
  }

  /** Sends a text. Resolves when the network has accepted it, or never will. */
  async sendAndFlush(message: string | Buffer): Promise<void> {
    await new Promise<void>((resolve) => {
      this.socket.send(message, { binary: false }, () => resolve());
      this.pauseUnread();
    });
  }

  /** Sends a text of these three parts. Does nothing if the socket is closing. */
  send(before: string, message: EncodedMessage, after: string): void {
    if (!this.corked) {
      this.corked = true;
      this.connection.cork();
      process.nextTick(this.uncork);
    }
    if (message.size < fragmentThreshold) return this.socket.send(`${before}${message.json}${after}`, ignore);
    // In fragments, so that the buffers of many clients share one copy of the message.
    this.socket.send(before, { fin: false }, ignore);
    this.socket.send(message.bytes, { fin: false, binary: false }, ignore);
    this.socket.send(after, { fin: true }, ignore);
  }

  private readonly uncork = (): void => {
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
    for (const each of this.takeDrainListeners()) each.wake();
  };

  private takeDrainListeners(): readonly WakeListener[] {
    const { drainListeners } = this;
    this.drainListeners = [];
    if (drainListeners.length > 0) this.slowConsumers.dec();
    return drainListeners;
  }
}

/**
 * The size of a message from which on it is sent in fragments instead of copied for each client.
 */
const fragmentThreshold = 16 * 1024;
/**
 * Bytes that may wait for one client's network before events wait too; one message more may be
 * added.
 */
const maxBufferedBytes = 64 * 1024;
/**
 * Bytes of responses and pongs that may wait for one client's network before its socket is not
 * read.
 */
const maxUnreadBytes = 1024 * 1024;
const ignore = (): void => undefined;

/** A message's text, encoded once for all clients that get it. */
export class EncodedMessage {
  private text: string | null;
  private utf8: Buffer | null;

  /** `content`: the text, or the same in UTF-8. */
  constructor(content: string | Buffer) {
    this.text = typeof content === 'string' ? content : null;
    this.utf8 = typeof content === 'string' ? null : content;
  }

  /** The text, made on first use. */
  get json(): string {
    return (this.text ??= this.utf8?.toString() ?? '');
  }

  /** The text in UTF-8, made on first use. */
  get bytes(): Buffer {
    return (this.utf8 ??= Buffer.from(this.json));
  }

  /** Characters or bytes. */
  get size(): number {
    return this.text?.length ?? this.utf8?.length ?? 0;
  }
}
