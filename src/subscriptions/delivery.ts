import type { Waiter } from '../concurrency/wake-signal.ts';
import type { LiveSource } from './source.ts';
import type { Task, Turns } from '../concurrency/time-slices.ts';

/** Whoever gets the messages of a source as they come. */
export interface Recipient<Message extends object, Encoded extends object> {
  /** Whether the network takes more for now. */
  hasRoom(): boolean;
  /** Wakes somebody once when the network takes more again; never, when it has gone. */
  onRoom(waiter: Waiter): void;
  /** Encodes a message; at once, if it can. Must not fail. */
  encode(message: Message): Encoded | Promise<Encoded>;
  send(encoded: Encoded): void;
  /** Told once when nothing comes any more. */
  ended(): void;
}

/**
 * Hands messages to a recipient until the source ends. Assumes nothing about either's speed. Promises: in order, each once;
 * nothing is taken from the source before it can be sent, so that a client that does not read costs no memory but its
 * network's; many messages for many recipients leave turns for everything else. Those that have to read the database are
 * encoded a few at a time. To stop it, end the source.
 *
 *            take: message       no room          take: LATER
 *   encoding <--------- running --------> waiting  -----------> idle
 *      '--- sent ---------^  ^--- onRoom ----'                   |
 *                         '--------------------- woken --------'
 */
export function deliver<Message extends object, Encoded extends object>(
  source: LiveSource<Message>,
  recipient: Recipient<Message, Encoded>,
  turns: Turns,
): void {
  turns.add(new Delivery(source, recipient, turns));
}

class Delivery<Message extends object, Encoded extends object> implements Task, Waiter {
  /** What is being encoded, in order; null while there is nothing. */
  private encoding: Promise<Encoded>[] | null = null;

  constructor(
    private readonly source: LiveSource<Message>,
    private readonly recipient: Recipient<Message, Encoded>,
    private readonly turns: Turns,
  ) {}

  wake(): void {
    this.turns.add(this);
  }

  run(): void {
    const { source, recipient } = this;
    for (let count = 0; count < mostInARow; count += 1) {
      if (this.encoding !== null && this.encoding.length >= mostEncoding) return; // goes on when they are sent
      if (!recipient.hasRoom()) return this.encoding === null ? recipient.onRoom(this) : undefined;
      const message = source.take(this);
      if (message === 'LATER') return;
      if (message === 'ENDED') return this.encoding === null ? recipient.ended() : undefined;
      const encoded = recipient.encode(message);
      if (this.encoding !== null) this.encoding.push(Promise.resolve(encoded));
      else if (encoded instanceof Promise) void this.sendInOrder((this.encoding = [encoded]));
      else recipient.send(encoded);
    }
    this.wake();
  }

  private async sendInOrder(encoding: Promise<Encoded>[]): Promise<void> {
    for (let first = encoding[0]; first !== undefined; first = encoding[0]) {
      const encoded = await first;
      void encoding.shift();
      if (!this.source.isEnded) this.recipient.send(encoded);
    }
    this.encoding = null;
    this.wake();
  }
}

/** Messages for one recipient that read the database at the same time, and may share statements. */
const mostEncoding = 16;
/** Messages to one recipient before others have their turn. */
const mostInARow = 100;
