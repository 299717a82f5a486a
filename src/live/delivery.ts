import type { Waiter } from '../log/waiters.ts';
import type { LiveSource } from './live-source.ts';
import type { Task, Turns } from './turns.ts';

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
 * network's; many messages for many recipients leave turns for everything else. To stop it, end the source.
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
      if (!recipient.hasRoom()) return recipient.onRoom(this);
      const message = source.take(this);
      if (message === 'LATER') return;
      if (message === 'ENDED') return recipient.ended();
      const encoded = recipient.encode(message);
      if (encoded instanceof Promise) return void this.sendLater(encoded);
      recipient.send(encoded);
    }
    this.wake();
  }

  private async sendLater(encoding: Promise<Encoded>): Promise<void> {
    const encoded = await encoding;
    if (!this.source.isEnded) this.recipient.send(encoded);
    this.wake();
  }
}

/** Messages to one recipient before others have their turn. */
const mostInARow = 100;
