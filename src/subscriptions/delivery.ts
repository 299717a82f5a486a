import type { WakeListener } from '../concurrency/wake-signal.ts';
import type { SubscriptionSource } from './source.ts';
import type { SlicedTask, TimeSlices } from '../concurrency/time-slices.ts';

/** Whoever gets the messages of a source as they come. */
export interface Sink<Message extends object, Encoded extends object> {
  /** Whether the network takes more for now. */
  hasRoom(): boolean;
  /** Wakes somebody once when the network takes more again; never, when it has gone. */
  onDrain(listener: WakeListener): void;
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
  source: SubscriptionSource<Message>,
  sink: Sink<Message, Encoded>,
  timeSlices: TimeSlices,
): void {
  timeSlices.add(new Delivery(source, sink, timeSlices));
}

class Delivery<Message extends object, Encoded extends object> implements SlicedTask, WakeListener {
  /** What is being encoded, in order; null while there is nothing. */
  private encoding: Promise<Encoded>[] | null = null;

  constructor(
    private readonly source: SubscriptionSource<Message>,
    private readonly sink: Sink<Message, Encoded>,
    private readonly timeSlices: TimeSlices,
  ) {}

  wake(): void {
    this.timeSlices.add(this);
  }

  run(): void {
    const { source, sink } = this;
    for (let count = 0; count < maxSliceMessages; count += 1) {
      if (this.encoding !== null && this.encoding.length >= maxEncodingMessages) return; // goes on when they are sent
      if (!sink.hasRoom()) return this.encoding === null ? sink.onDrain(this) : undefined;
      const message = source.take(this);
      if (message === 'LATER') return;
      if (message === 'ENDED') return this.encoding === null ? sink.ended() : undefined;
      const encoded = sink.encode(message);
      if (this.encoding !== null) this.encoding.push(Promise.resolve(encoded));
      else if (encoded instanceof Promise) void this.sendInOrder((this.encoding = [encoded]));
      else sink.send(encoded);
    }
    this.wake();
  }

  private async sendInOrder(encoding: Promise<Encoded>[]): Promise<void> {
    for (let first = encoding[0]; first !== undefined; first = encoding[0]) {
      const encoded = await first;
      void encoding.shift();
      if (!this.source.isEnded) this.sink.send(encoded);
    }
    this.encoding = null;
    this.wake();
  }
}

/** Messages for one recipient that read the database at the same time, and may share statements. */
const maxEncodingMessages = 16;
/** Messages to one recipient before others have their turn. */
const maxSliceMessages = 100;
