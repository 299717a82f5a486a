import type { WakeListener } from '../../../concurrency/wake-signal.ts';
import { TidingsError } from '../../../errors.ts';
import type { Position } from '../../../event/cursor.ts';
import type { StoredEvent } from '../../../event/event.ts';
import type { Condition } from '../../../filter/filter.ts';
import { AdaptiveLimit } from '../../../store/log/adaptive-limit.ts';
import type { Database } from '../../../store/database/database.ts';
import type { PageBound } from '../../../store/queries/page-request.ts';
import { readCutPage } from '../../../store/queries/pages.ts';
import { Expired, type EventReader } from '../../../subscriptions/event-subscription.ts';
import type { Identity, SubscriptionReader } from '../../../subscriptions/source.ts';

/** The stored events that come before the live ones. */
export interface Backfill {
  readonly database: Database;
  readonly client: string;
  readonly filter: Condition;
  /** The last position of the backfill. */
  readonly head: Position;
}

/**
 * Reads the matching events up to a head, ordered by `occurred`, then the live events after it.
 *
 * Assumes: `live` starts at that head.
 * Guarantees: every event that matches and is wanted, once. Holds at most one page in memory.
 * Does not guarantee: log order before the head.
 */
export class BackfillReader implements SubscriptionReader<StoredEvent | EndMessage> {
  private ready: StoredEvent[] = [];
  /** The last event that was read; null: none. */
  private lastRead: PageBound | null = null;
  private endMessage: EndMessage | null = null;
  private hasEnded = false;
  private readonly adaptiveLimit = new AdaptiveLimit(pageEvents, maxPageBytes);

  /** `backfill` null: only live events. `isWanted` tests what the filter cannot express. */
  constructor(
    private backfill: Backfill | null,
    private readonly live: EventReader,
    private readonly isWanted: (event: StoredEvent) => boolean,
  ) {}

  next(): StoredEvent | EndMessage | 'READ' | 'WAIT' | 'ENDED' {
    for (;;) {
      const found = this.step();
      if (typeof found === 'string' || found instanceof EndMessage || this.isWanted(found)) return found;
    }
  }

  private step(): StoredEvent | EndMessage | 'READ' | 'WAIT' | 'ENDED' {
    const ready = this.ready.shift();
    if (ready !== undefined) return ready;
    if (this.hasEnded) return 'ENDED';
    if (this.endMessage !== null) return this.end(this.endMessage);
    if (this.backfill !== null) return 'READ';
    const message = this.live.next();
    return message instanceof Expired ? this.end(new EndMessage(message.error.message)) : message;
  }

  private end(endMessage: EndMessage): EndMessage {
    this.hasEnded = true;
    return endMessage;
  }

  async read(signal: AbortSignal): Promise<void> {
    if (this.backfill === null) return this.live.read(signal);
    const { database, client, filter, head } = this.backfill;
    const { lastRead, adaptiveLimit } = this;
    const request = {
      filter,
      order: 'OLDEST_FIRST',
      head,
      limit: adaptiveLimit.limit,
      backward: false,
      ...(lastRead !== null && { after: lastRead }),
    } as const;
    const found = await readCutPage(database.reads({ client, signal }), request).catch((error: unknown) => {
      // A repeated query would exceed the timeout again.
      if (!(error instanceof TidingsError) || error.code !== 'LIMIT_EXCEEDED') throw error;
      this.endMessage = new EndMessage(error.message);
      return null;
    });
    if (found === null) return;
    adaptiveLimit.record(found.events.length, found.bytes);
    const last = found.events.at(-1);
    if (last !== undefined) this.lastRead = { position: last.position, occurred: last.occurred };
    this.ready = [...found.events];
    if (!found.more) this.backfill = null;
  }

  onReadable(listener: WakeListener): void {
    this.live.onReadable(listener);
  }

  offReadable(listener: WakeListener): void {
    this.live.offReadable(listener);
  }

  identityOf(message: StoredEvent | EndMessage): Identity {
    return message instanceof EndMessage ? 'endMessage' : message.position;
  }

  eventsIn(message: StoredEvent | EndMessage): number {
    return message instanceof EndMessage ? 0 : 1;
  }

  [Symbol.dispose](): void {
    this.live[Symbol.dispose]();
  }
}

/** The last message, with the reason why the subscription ends. */
export class EndMessage {
  readonly byteLength = 0;

  constructor(readonly reason: string) {}
}

const pageEvents = 100;
/** As much as other subscriptions read ahead: a client that stops reading holds it. */
const maxPageBytes = 768 * 1024;
