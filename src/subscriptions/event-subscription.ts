import type { WakeListener } from '../concurrency/wake-signal.ts';
import { TidingsError } from '../errors.ts';
import { positionBefore, type Position } from '../event/cursor.ts';
import { allParts, type EventParts, type StoredEvent } from '../event/event.ts';
import type { Condition } from '../filter/filter.ts';
import type { LogStart } from '../store/log/log-start.ts';
import { holdResources, type HeldResourcesParts } from './held-resources.ts';
import { LogReader, type LogReaderParts } from './log-reader.ts';
import { SubscriptionSource, type Identity, type SubscriptionReader, type SubscriptionSourceParts } from './source.ts';

/** The last message of a subscription whose next events were removed before it delivered them. */
export class Expired {
  readonly error = new TidingsError(
    'CURSOR_EXPIRED',
    'the next events were removed by retention; subscribe again without `after`, or with a newer cursor',
  );
}

/**
 * The reader of `Subscription.events`: the matching events after a position, in log order, each
 * once. Events from memory and from the database pass through the same steps, so history and live
 * events have no seam. Of events from the database it holds what `PageReader` says, and none
 * from memory.
 */
export class EventReader implements SubscriptionReader<StoredEvent | Expired> {
  /** Events up to `position` that are not delivered yet. */
  private readonly ready: StoredEvent[] = [];
  private expired: Expired | 'REPORTED' | null = null;
  readonly start: Position;

  constructor(
    private readonly logReader: LogReader,
    private readonly logStart: LogStart,
    private position: Position,
  ) {
    this.start = position;
  }

  next(): StoredEvent | Expired | 'READ' | 'WAIT' | 'ENDED' {
    const ready = this.ready.shift();
    if (ready !== undefined) return ready;
    if (this.expired !== null) return this.reportExpired(this.expired);
    if (this.logReader.isAtHead(this.position)) return 'WAIT';
    const step = this.logReader.stepFromMatches(this.position, 1);
    if (step === null) return 'READ';
    this.position = step.upTo;
    return step.events[0] ?? 'WAIT';
  }

  async read(signal: AbortSignal): Promise<void> {
    const buffered = await this.logReader.stepFromMemory(this.position, signal);
    const { events, upTo } = buffered ?? (await this.logReader.stepFromDatabase(this.position, signal));
    // Read after the events, so that it covers events removed during that read.
    if (buffered === null && (await this.logStart()) > this.position) {
      this.expired = new Expired();
      return;
    }
    this.ready.push(...events);
    this.position = upTo;
  }

  onReadable(listener: WakeListener): void {
    this.logReader.onReadable(this.position, listener);
  }

  offReadable(listener: WakeListener): void {
    this.logReader.offReadable(listener);
  }

  dropRead(): void {
    const [first] = this.ready.splice(0);
    if (first !== undefined) this.position = positionBefore(first);
    this.logReader.dropRead();
  }

  identityOf(message: StoredEvent | Expired): Identity {
    return message instanceof Expired ? 'expired' : message.position;
  }

  eventsIn(message: StoredEvent | Expired): number {
    return message instanceof Expired ? 0 : 1;
  }

  positionAfter(message: StoredEvent | Expired): Position | null {
    return message instanceof Expired ? null : message.position;
  }

  [Symbol.dispose](): void {
    this.logReader[Symbol.dispose]();
  }

  private reportExpired(expired: Expired | 'REPORTED'): Expired | 'ENDED' {
    this.expired = 'REPORTED';
    return expired === 'REPORTED' ? 'ENDED' : expired;
  }
}

export type SubscriptionParts = LogReaderParts & SubscriptionSourceParts & HeldResourcesParts & { readonly logStart: LogStart };

export interface EventsRequest {
  readonly filter: Condition;
  readonly after: Position | null;
  /** Whose turns its reads take: Database.reads. */
  readonly client: string;
  /** What is used of its events: other parts may be empty. Default: all. */
  readonly eventParts?: EventParts;
}

/**
 * Returns the matching events after `after`; null: after the head at the time of the call. One
 * reader moves along the log whenever the client takes the next event.
 *
 * Assumes: the tail passes every event once, in order.
 * Guarantees:
 * - Every matching event after `after` is delivered once, in log order.
 * - Events that the client has not taken cost no memory beyond what `PageReader` says.
 * - While the database is unreachable, the subscription waits.
 * - If retention removed the next events, the last message is `Expired`.
 * Does not guarantee: speed for a slow client.
 */
export async function subscribeToEvents(
  parts: SubscriptionParts,
  { filter, after, client, eventParts = allParts }: EventsRequest,
): Promise<SubscriptionSource<StoredEvent | Expired>> {
  const held = await holdResources(parts, { client, filter });
  try {
    return new SubscriptionSource(
      parts,
      new EventReader(new LogReader(parts, { filter, client, pageEvents, parts: eventParts }), parts.logStart, after ?? held.head),
      held,
    );
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

/** The maximum number of events in one read of the database. */
const pageEvents = 100;
