import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Waiter } from '../concurrency/wake-signal.ts';
import type { RemovedUpTo } from '../store/retention/log-start.ts';
import { type Identity, type LiveCursor, LiveSource, type LiveSourceParts } from './source.ts';
import { Walk, type WalkParts } from './log-reader.ts';
import type { Condition } from '../filter/filter.ts';

/** The last message of a subscription whose next events were removed before its client took them. */
export class Expired {
  readonly error = new TidingsError(
    'CURSOR_EXPIRED',
    'the events that come next were removed, since they are past retention; subscribe again',
  );
}

/**
 * The cursor of a plain subscription: every event after a place that matches, in log order, once. An event in memory and
 * one from the database are the same step of it, so there is no seam between history and the present. It holds at most
 * one page of events read from the database, and none from memory.
 */
export class EventCursor implements LiveCursor<StoredEvent | Expired> {
  /** Events between what was delivered and `place`. */
  private readonly ready: StoredEvent[] = [];
  private expired: Expired | 'SAID' | null = null;

  constructor(
    private readonly walk: Walk,
    private readonly removedUpTo: RemovedUpTo,
    private place: Position,
  ) {}

  next(): StoredEvent | Expired | 'READ' | 'WAIT' | 'ENDED' {
    const ready = this.ready.shift();
    if (ready !== undefined) return ready;
    if (this.expired !== null) return this.sayExpired(this.expired);
    if (this.walk.isAtHead(this.place)) return 'WAIT';
    const step = this.walk.known(this.place, 1);
    if (step === null) return 'READ';
    this.place = step.upTo;
    return step.events[0] ?? 'WAIT';
  }

  async read(): Promise<void> {
    const remembered = await this.walk.remembered(this.place);
    const { events, upTo } = remembered ?? (await this.walk.stored(this.place));
    // Asked afterwards, so that nothing that went away while it was read goes unsaid.
    if (remembered === null && (await this.removedUpTo()) > this.place) {
      this.expired = new Expired();
      return;
    }
    this.ready.push(...events);
    this.place = upTo;
  }

  private sayExpired(expired: Expired | 'SAID'): Expired | 'ENDED' {
    this.expired = 'SAID';
    return expired === 'SAID' ? 'ENDED' : expired;
  }

  onMore(waiter: Waiter): void {
    this.walk.onMore(this.place, waiter);
  }

  offMore(waiter: Waiter): void {
    this.walk.offMore(waiter);
  }

  identityOf(message: StoredEvent | Expired): Identity {
    return message instanceof Expired ? 'expired' : message.position;
  }

  eventsIn(message: StoredEvent | Expired): number {
    return message instanceof Expired ? 0 : 1;
  }

  [Symbol.dispose](): void {
    this.walk[Symbol.dispose]();
  }
}

/**
 * A subscription: one cursor that moves along the log, when its client takes the next event.
 *
 * Assumes: a tail that passes every event once, in order. Promises: every event after `after` that matches, in log
 * order, once; what a client has not asked for costs no memory beyond one page. Does not promise speed to a client that
 * is slow. A database that is away only makes it wait; where retention has taken away what comes next, it says so and ends.
 */
export type SubscriptionParts = WalkParts & LiveSourceParts & { readonly removedUpTo: RemovedUpTo };

/** Events after `after` (from the head at the call, when null) that match. */
export async function subscribeToEvents(
  parts: SubscriptionParts,
  filter: Condition,
  after: Position | null,
): Promise<LiveSource<StoredEvent | Expired>> {
  const following = await parts.tail.follow();
  try {
    const start = after ?? (await parts.heads.head());
    return new LiveSource(parts, new EventCursor(new Walk(parts, filter, page), parts.removedUpTo, start), following);
  } catch (error) {
    following[Symbol.dispose]();
    throw error;
  }
}

/** Events read from the database at once for a subscription that is further back than memory. */
const page = 100;
