import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { WakeListener } from '../concurrency/wake-signal.ts';

/**
 * The way out of one WebSocket, for all of its operations: in the order of the calls, and what is sent in one turn of the
 * event loop in one write.
 */
export class SocketWriter {
  private drainListeners: WakeListener[] = [];
  private corked = false;
  private isReadPaused = false;

  constructor(
    private readonly socket: WebSocket,
    /** The connection below it. */
    private readonly connection: Duplex,
    /** How many have somebody who waits. */
    private readonly slowConsumers: { inc(): void; dec(): void },
  ) {
    connection.once('close', () => this.takeDrainListeners());
    connection.on('drain', this.handleDrain);
    socket.on('ping', () => this.pauseReading()); // it has been answered
  }

  /** Whether the client's network takes more; otherwise as much waits for it as is good. */
  get hasRoom(): boolean {
    return this.connection.writableLength < maxBufferedBytes;
  }

  /** Wakes somebody when there is room again, in the order of the calls; never, when the socket has closed. */
  onDrain(listener: WakeListener): void {
    if (this.drainListeners.length === 0 && !this.connection.destroyed) this.slowConsumers.inc();
    this.drainListeners.push(listener);
  }

  /** Sends a text; resolves when the network has taken it, or never will. */
  async sendAndFlush(message: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.socket.send(message, () => resolve());
      this.pauseReading();
    });
  }

  /** Sends a text of these parts. Nothing happens when the socket is closing. */
  send(before: string, message: EncodedMessage, after: string): void {
    if (!this.corked) {
      this.corked = true;
      this.connection.cork();
      process.nextTick(this.uncork);
    }
    if (message.json.length < fragmentThreshold) return this.socket.send(`${before}${message.json}${after}`, ignore);
    // In fragments, so that it waits for many clients' networks in one copy.
    this.socket.send(before, { fin: false }, ignore);
    this.socket.send(message.bytes, { fin: false, binary: false }, ignore);
    this.socket.send(after, { fin: true }, ignore);
  }

  private readonly uncork = (): void => {
    this.corked = false;
    this.connection.uncork();
  };

  /** Takes in nothing more while a client does not read what it has caused to be sent. */
  private pauseReading(): void {
    if (this.isReadPaused || this.connection.writableLength < maxUnreadBytes) return;
    this.isReadPaused = true;
    this.socket.pause();
  }

  private readonly handleDrain = (): void => {
    if (this.isReadPaused) this.socket.resume();
    this.isReadPaused = false;
    for (const each of this.takeDrainListeners()) each.wake();
  };

  private takeDrainListeners(): readonly WakeListener[] {
    const { drainListeners } = this;
    this.drainListeners = [];
    if (drainListeners.length > 0) this.slowConsumers.dec();
    return drainListeners;
  }
}

/** Characters from which on a message is not copied for each client. */
const fragmentThreshold = 16 * 1024;
/** Bytes that wait for one client's network at most, beyond one message. */
const maxBufferedBytes = 64 * 1024;
/** Bytes of answers and pongs that wait for one client's network before it is not listened to. */
const maxUnreadBytes = 1024 * 1024;
const ignore = (): void => undefined;

/** A message's text, for all who get the message. */
export class EncodedMessage {
  private utf8: Buffer | null = null;

  constructor(readonly json: string) {}

  /** The text in UTF-8, one for all. */
  get bytes(): Buffer {
    return (this.utf8 ??= Buffer.from(this.json));
  }
}
