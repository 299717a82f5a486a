import type { Logger } from 'pino';
import type { Tail } from '../log/tail.ts';
import { retry } from '../concurrency/retry.ts';
import type { WakeListener } from '../concurrency/wake-signal.ts';
import type { Metrics } from '../metrics.ts';

export interface SubscriptionSourceParts {
  readonly tail: Tail;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * The messages of one subscription, for whoever takes them: nothing moves until then. A database that is away only makes
 * it wait. To be ended once; disposes of its cursor, and of its hold on the tail.
 *
 * As an async iterator it differs from an async generator in that `return` also settles a `next` that is waiting: an idle
 * subscription could never end otherwise.
 */
export class SubscriptionSource<Message extends object> implements AsyncIterableIterator<Message>, WakeListener {
  private listener: WakeListener | null = null;
  private isReading = false;
  private pulling: Promise<unknown> | null = null;
  private ended = false;

  constructor(
    private readonly parts: SubscriptionSourceParts,
    readonly reader: SubscriptionReader<Message>,
    private readonly following: Disposable,
  ) {
    parts.metrics.subscriptions.inc();
  }

  /** The next message, if it is there. LATER: the taker is woken once when to ask again. ENDED: there is none any more. */
  take(listener: WakeListener): Message | 'LATER' | 'ENDED' {
    const { tail, metrics } = this.parts;
    if (this.ended || tail.stopped.aborted) return 'ENDED';
    if (this.isReading) {
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

  get isEnded(): boolean {
    return this.ended;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.reader.offReadable(this);
    this.reader[Symbol.dispose]();
    this.following[Symbol.dispose]();
    this.parts.metrics.subscriptions.dec();
    this.wakeListener();
  }

  /** What its cursor waits for may have come. While it reads, that is a wake-up too late: one read at a time. */
  wake(): void {
    if (!this.isReading) this.wakeListener();
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

  /** The next message; LATER once it makes sense to ask again. */
  private takeOrWait(): Promise<Message | 'LATER' | 'ENDED'> {
    return new Promise((resolve) => {
      const message = this.take({ wake: () => resolve('LATER') });
      if (message !== 'LATER') resolve(message);
    });
  }

  private async read(): Promise<void> {
    const { logger, tail } = this.parts;
    this.isReading = true;
    await retry(() => this.reader.read(), {
      backoff: readBackoff,
      signal: tail.stopped,
      isCancelled: () => this.ended,
      onFirstFailure: (error) => logger.warn({ err: error }, 'a subscription waits for the database'),
    });
    this.isReading = false;
    this.wakeListener();
  }

  private wakeListener(): void {
    const { listener } = this;
    this.listener = null;
    listener?.wake();
  }
}

/** A database that is unreachable comes back; until then the subscription waits. */
const readBackoff = { initialDelayMs: 200, maxDelayMs: 3000 } as const;
const done = { done: true, value: undefined } as const;

/**
 * A place that moves along the log, and what there is to say on the way. Whoever drives it asks `next` until there is
 * nothing; then it reads, or waits, and asks again. What nobody asks for is not kept.
 *
 *            next: READ              next: WAIT
 *   reading <----------- asking ----------------> waiting
 *      '---- read() ------^  ^-- onMore's waking ----'
 */
export interface SubscriptionReader<Message extends object> extends Disposable {
  /** What can be said now. READ: nothing before a `read`. WAIT: nothing before `onMore` wakes. ENDED: nothing any more. */
  next(): Message | 'READ' | 'WAIT' | 'ENDED';
  /** Moves one step, through the database if it must. One that throws has moved nothing, and may be tried again. */
  read(): Promise<void>;
  /** Wakes somebody once when asking again may be of use. */
  onReadable(listener: WakeListener): void;
  offReadable(listener: WakeListener): void;
  /** Messages of cursors of one kind with the same identity have the same content. */
  identityOf(message: Message): Identity;
  /** How many events it carries. */
  eventsIn(message: Message): number;
}

export type Identity = string | number;
