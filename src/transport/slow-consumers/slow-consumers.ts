/**
 * The clients for which messages wait until their network accepts more.
 *
 * Assumes: `begin` is called when messages begin to wait for a connection, `end` when they are
 * accepted or the connection is closed.
 * Guarantees:
 * - What waits is charged to its client.
 * - A consumer that waits for `longWaitMs` drops what it holds besides.
 * - If a client keeps more than it may, those of its connections that wait for `longWaitMs` are
 *   closed, the longest first, until it does not.
 * Does not guarantee: that a client that has only begun to wait keeps no more than it may.
 */
export class SlowConsumers {
  /** In the order in which they began to wait. */
  private readonly waiting = new Map<SlowConsumer, Wait>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly parts: SlowConsumerParts) {}

  begin(consumer: SlowConsumer): void {
    const { memory, metrics } = this.parts;
    metrics.slowConsumers.inc();
    const { client } = consumer;
    this.waiting.set(consumer, { client, since: performance.now(), kept: memory.charge(client, consumer.unread), hasDropped: false });
    this.timer ??= setInterval(() => this.check(), checkIntervalMs).unref();
  }

  /** Does nothing if it does not wait. */
  end(consumer: SlowConsumer): void {
    const wait = this.waiting.get(consumer);
    if (wait === undefined) return;
    wait.kept[Symbol.dispose]();
    this.waiting.delete(consumer);
    this.parts.metrics.slowConsumers.dec();
    if (this.waiting.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  /** Reports that a connection is closed because its client does not read. */
  report(reason: DisconnectReason, client: string): void {
    const { metrics, logger } = this.parts;
    metrics.stalledConnections.inc({ reason });
    logger.info({ client, reason }, 'a client that does not read is disconnected');
  }

  private check(): void {
    const { memory } = this.parts;
    const longSince = performance.now() - longWaitMs;
    for (const [consumer, wait] of this.waiting) {
      if (wait.since > longSince) return;
      if (!wait.hasDropped) consumer.dropHeld();
      wait.hasDropped = true;
      if (!memory.isExceeded(wait.client)) continue;
      this.end(consumer);
      this.report('MEMORY', wait.client);
      consumer.close();
    }
  }
}

/** A connection for which messages wait. */
export interface SlowConsumer {
  /** Who is charged. */
  readonly client: string;
  readonly unread: UnreadBytes;
  /** Drops what can be read again, of all who send on the connection. */
  dropHeld(): void;
  close(): void;
}

/** What waits for one connection. */
export interface UnreadBytes {
  /** Of this connection alone. */
  readonly bytes: number;
  /** Messages with equal keys share their memory. */
  readonly shared: { readonly key: string; readonly bytes: number };
}

export interface SlowConsumerParts {
  readonly memory: {
    /** Charges a client, also beyond what it may keep, until the result is disposed. */
    charge(client: string, kept: UnreadBytes): Disposable;
    /** Whether a client keeps more than it may, or all clients together. */
    isExceeded(client: string): boolean;
  };
  readonly metrics: {
    readonly slowConsumers: { inc(): void; dec(): void };
    readonly stalledConnections: { inc(labels: { readonly reason: DisconnectReason }): void };
  };
  readonly logger: { info(fields: object, message: string): void };
}

/** STALLED: no byte moved for long. MEMORY: the client kept more than it may. */
export type DisconnectReason = 'STALLED' | 'MEMORY';

interface Wait {
  readonly client: string;
  readonly since: number;
  readonly kept: Disposable;
  hasDropped: boolean;
}

/** Longer than a fast client needs for the largest messages, so that nothing is read twice for it. */
const longWaitMs = 1000;
const checkIntervalMs = 500;
