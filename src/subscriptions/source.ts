import type { Logger } from 'pino';
import { retry } from '../concurrency/retry.ts';
import type { WakeListener } from '../concurrency/wake-signal.ts';
import type { Position } from '../event/cursor.ts';
import type { Tail } from '../log/tail.ts';
import type { Metrics } from '../metrics.ts';
import type { HeldResources } from './held-resources.ts';

export interface SubscriptionSourceParts {
  readonly tail: Tail;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * The source of one subscription's messages. It is pulled: the reader moves only when a message is
 * taken.
 *
 * Assumes: `end` or `return` is called when the subscription is over.
 * Guarantees:
 * - While the database is unreachable, the source waits.
 * - `end` cancels a running read, and disposes of the reader and of what was held for it. Further calls have no effect.
 * - `return` also settles a pending `next`. An async generator does not, so that an idle
 *   subscription could never end.
 */
export class SubscriptionSource<Message extends object> implements AsyncIterableIterator<Message>, WakeListener {
  private listener: WakeListener | null = null;
  /** Aborts the running read; null: none runs. */
  private reading: AbortController | null = null;
  private pulling: Promise<unknown> | null = null;
  private ended = false;

  constructor(
    private readonly parts: SubscriptionSourceParts,
    readonly reader: SubscriptionReader<Message>,
    private readonly held: HeldResources,
  ) {
    parts.metrics.subscriptions.inc();
  }

  /**
   * Takes the next message. LATER: there is none yet; the listener is woken once when to take
   * again. ENDED: there are no more.
   */
  take(listener: WakeListener): Message | 'LATER' | 'ENDED' {
    const { tail, metrics } = this.parts;
    if (this.ended || tail.stopped.aborted) return 'ENDED';
    if (this.reading !== null) {
      this.listener = listener;
      return 'LATER';
    }
    const message = this.reader.next();
    switch (message) {
      case 'ENDED':
        return 'ENDED';
      case 'WAIT':
        this.listener = listener;
        this.reader.onReadable(this);
        return 'LATER';
      case 'READ':
        this.listener = listener;
        void this.read();
        return 'LATER';
      default:
        metrics.delivered.inc(this.reader.eventsIn(message));
        return message;
    }
  }

  /** Drops what was read and not taken. It is read again. */
  dropRead(): void {
    if (this.reading === null && !this.ended) this.reader.dropRead?.();
  }

  /** Whose turns its deliveries take (TimeSlices). */
  get client(): string {
    return this.held.client;
  }

  get isEnded(): boolean {
    return this.ended;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.reading?.abort();
    this.reader.offReadable(this);
    this.reader[Symbol.dispose]();
    this.held[Symbol.dispose]();
    this.parts.metrics.subscriptions.dec();
    this.wakeListener();
  }

  /** Called when the reader may have more. Ignored during a read: there is one read at a time. */
  wake(): void {
    if (this.reading === null) this.wakeListener();
  }

  next(): Promise<IteratorResult<Message>> {
    const result = (this.pulling ?? Promise.resolve()).then(() => this.pull());
    this.pulling = result.catch(() => undefined);
    return result;
  }

  async return(): Promise<IteratorResult<Message>> {
    this.end();
    return done;
  }

  async throw(error: unknown): Promise<IteratorResult<Message>> {
    this.end();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private async pull(): Promise<IteratorResult<Message>> {
    for (;;) {
      const taken = await this.takeOrWait();
      if (taken === 'LATER') continue;
      if (taken !== 'ENDED') return { done: false, value: taken };
      this.end();
      return done;
    }
  }

  /** Takes the next message; returns LATER when it is time to take again. */
  private takeOrWait(): Promise<Message | 'LATER' | 'ENDED'> {
    return new Promise((resolve) => {
      const message = this.take({ wake: () => resolve('LATER') });
      if (message !== 'LATER') resolve(message);
    });
  }

  private async read(): Promise<void> {
    const { logger, tail } = this.parts;
    const { signal } = (this.reading = new AbortController());
    await retry(() => this.reader.read(signal), {
      backoff: readBackoff,
      signal: tail.stopped,
      isCancelled: () => this.ended,
      onFirstFailure: (error) => logger.warn({ err: error }, 'a subscription waits for the database'),
    });
    this.reading = null;
    this.wakeListener();
  }

  private wakeListener(): void {
    const { listener } = this;
    this.listener = null;
    listener?.wake();
  }
}

/** Between attempts to read for a subscription while the database cannot be reached. */
export const readBackoff = { initialDelayMs: 200, maxDelayMs: 3000 } as const;
const done = { done: true, value: undefined } as const;

/**
 * A position that moves along the log, and the messages on the way. The source calls `next` until
 * it returns no message. Then it reads or waits, and calls `next` again. Nothing is queued.
 *
 *            next: READ               next: WAIT
 *   reading <------------ polling ---------------> waiting
 *      '---- read() -------^   ^---- onReadable ------'
 */
export interface SubscriptionReader<Message extends object> extends Disposable {
  /**
   * The next message. READ: none before a `read`. WAIT: none before `onReadable` wakes its
   * listener. ENDED: no more messages.
   */
  next(): Message | 'READ' | 'WAIT' | 'ENDED';
  /**
   * Moves one step, from memory or the database. If it throws, nothing has moved, and it can be
   * retried. Throws CANCELLED soon after the signal aborts, unless others share the read.
   */
  read(signal: AbortSignal): Promise<void>;
  /** Wakes the listener once when `next` may have a message. */
  onReadable(listener: WakeListener): void;
  offReadable(listener: WakeListener): void;
  /** Drops what was read and is not in a message yet: the reader moves back before it. */
  dropRead?(): void;
  /** Messages with equal identities, of readers of one kind, have equal content. */
  identityOf(message: Message): Identity;
  /** The number of events in the message. */
  eventsIn(message: Message): number;
  /**
   * The position after which a client that has this message resumes; null: not from this message.
   * Left out by readers that cannot resume.
   */
  positionAfter?(message: Message): Position | null;
  /** The position after which a client that has no message yet resumes, if it is known. */
  readonly start?: Position;
}

export type Identity = string | number;
