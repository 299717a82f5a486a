import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Somebody who waits for room. */
export interface Waiter {
  wake(): void;
}

/**
 * The way out of one WebSocket, for all of its operations: in the order of the calls, and what is sent in one turn of the
 * event loop in one write.
 */
export class Lane {
  private waiting: Waiter[] = [];
  private corked = false;
  private isHeldUp = false;

  constructor(
    private readonly socket: WebSocket,
    /** The connection below it. */
    private readonly connection: Duplex,
    /** How many have somebody who waits. */
    private readonly slow: { inc(): void; dec(): void },
  ) {
    connection.once('close', () => this.takeWaiting());
    connection.on('drain', this.drained);
    socket.on('ping', () => this.holdUp()); // it has been answered
  }

  /** Whether the client's network takes more; otherwise as much waits for it as is good. */
  get hasRoom(): boolean {
    return this.connection.writableLength < mostWaiting;
  }

  /** Wakes somebody when there is room again, in the order of the calls; never, when the socket has closed. */
  onRoom(waiter: Waiter): void {
    if (this.waiting.length === 0 && !this.connection.destroyed) this.slow.inc();
    this.waiting.push(waiter);
  }

  /** Sends a text; resolves when the network has taken it, or never will. */
  async sent(text: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.socket.send(text, () => resolve());
      this.holdUp();
    });
  }

  /** Sends a text of these parts. Nothing happens when the socket is closing. */
  send(before: string, text: Encoded, after: string): void {
    if (!this.corked) {
      this.corked = true;
      this.connection.cork();
      process.nextTick(this.uncork);
    }
    if (text.json.length < large) return this.socket.send(`${before}${text.json}${after}`, ignore);
    // In fragments, so that it waits for many clients' networks in one copy.
    this.socket.send(before, { fin: false }, ignore);
    this.socket.send(text.bytes, { fin: false, binary: false }, ignore);
    this.socket.send(after, { fin: true }, ignore);
  }

  private readonly uncork = (): void => {
    this.corked = false;
    this.connection.uncork();
  };

  /** Takes in nothing more while a client does not read what it has caused to be sent. */
  private holdUp(): void {
    if (this.isHeldUp || this.connection.writableLength < mostUnread) return;
    this.isHeldUp = true;
    this.socket.pause();
  }

  private readonly drained = (): void => {
    if (this.isHeldUp) this.socket.resume();
    this.isHeldUp = false;
    for (const each of this.takeWaiting()) each.wake();
  };

  private takeWaiting(): readonly Waiter[] {
    const { waiting } = this;
    this.waiting = [];
    if (waiting.length > 0) this.slow.dec();
    return waiting;
  }
}

/** Characters from which on a message is not copied for each client. */
const large = 16 * 1024;
/** Bytes that wait for one client's network at most, beyond one message. */
const mostWaiting = 64 * 1024;
/** Bytes of answers and pongs that wait for one client's network before it is not listened to. */
const mostUnread = 1024 * 1024;
const ignore = (): void => undefined;

/** A message's text, for all who get the message. */
export class Encoded {
  private encoded: Buffer | null = null;

  constructor(readonly json: string) {}

  /** The text in UTF-8, one for all. */
  get bytes(): Buffer {
    return (this.encoded ??= Buffer.from(this.json));
  }
}
