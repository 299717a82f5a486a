import type { SlicedTask, TimeSlices } from '../concurrency/time-slices.ts';
import type { DrainListener } from '../concurrency/wake-signal.ts';
import type { SubscriptionSource } from './source.ts';

/** The destination of a source's messages. */
export interface Sink<Message extends object, Encoded extends Sized> {
  /** Whether the network currently accepts more. */
  hasRoom(): boolean;
  /** Wakes the listener once when the network accepts more; never after the connection is lost. */
  onDrain(listener: DrainListener): void;
  /** Encodes a message, synchronously if possible. Must not throw or reject. */
  encode(message: Message): Encoded | Promise<Encoded>;
  send(encoded: Encoded): void;
  /** Called once, after the last message. */
  ended(): void;
}

/** The bytes of an encoded message. */
export interface Sized {
  readonly byteLength: number;
}

/**
 * Passes messages from a source to a sink until the source ends. To stop it, end the source.
 *
 * Guarantees, whatever the speed of source and sink:
 * - Every message is sent once, in order.
 * - No message is taken from the source before the sink has room. So a client that does not read
 *   costs no memory beyond its network buffers: what was read ahead for it is dropped when it has
 *   waited for long.
 * - Deliveries run in time slices, in turns by client, so that many messages for the sinks of one
 *   client delay no other client by more than a slice.
 * - Messages whose encoding takes longer, as it reads the database, are encoded up to
 *   `maxEncodingMessages` at a time, or as many as take about `maxEncodingBytes`.
 *
 *            take: message           no room
 *   encoding <------------- running ---------> waiting for room
 *      '---- all sent -------^  ^ ^-- onDrain -----'
 *                   take: LATER | |
 *                               v | woken by the source
 *                               idle
 */
export function deliver<Message extends object, Encoded extends Sized>(
  source: SubscriptionSource<Message>,
  sink: Sink<Message, Encoded>,
  timeSlices: TimeSlices,
): void {
  new Delivery(source, sink, timeSlices).wake();
}

class Delivery<Message extends object, Encoded extends Sized> implements SlicedTask, DrainListener {
  /** The messages being encoded, in order; null if there are none. */
  private encoding: Promise<Encoded>[] | null = null;
  /** The number of messages to encode at a time. Follows their size. */
  private maxEncoding = 1;

  constructor(
    private readonly source: SubscriptionSource<Message>,
    private readonly sink: Sink<Message, Encoded>,
    private readonly timeSlices: TimeSlices,
  ) {}

  wake(): void {
    this.timeSlices.add(this, this.source.client);
  }

  dropHeld(): void {
    this.source.dropRead();
  }

  run(end: number): void {
    const { source, sink } = this;
    do {
      if (this.encoding !== null && this.encoding.length >= this.maxEncoding) return; // continues after they are sent
      if (!sink.hasRoom()) return this.encoding === null ? sink.onDrain(this) : undefined;
      const message = source.take(this);
      if (message === 'LATER') return;
      if (message === 'ENDED') return this.encoding === null ? sink.ended() : undefined;
      const encoded = sink.encode(message);
      if (this.encoding !== null) this.encoding.push(Promise.resolve(encoded));
      else if (encoded instanceof Promise) void this.sendInOrder((this.encoding = [encoded]));
      else sink.send(encoded);
    } while (performance.now() < end);
    this.wake();
  }

  private async sendInOrder(encoding: Promise<Encoded>[]): Promise<void> {
    for (let first = encoding[0]; first !== undefined; first = encoding[0]) {
      const encoded = await first;
      void encoding.shift();
      this.maxEncoding = Math.max(1, Math.min(maxEncodingMessages, Math.floor(maxEncodingBytes / encoded.byteLength)));
      if (!this.source.isEnded) this.sink.send(encoded);
    }
    this.encoding = null;
    this.wake();
  }
}

/** The messages of one sink encoded at a time. Their reads of the database can share statements. */
const maxEncodingMessages = 16;
/** As many bytes as may wait for the client's network. */
const maxEncodingBytes = 64 * 1024;
