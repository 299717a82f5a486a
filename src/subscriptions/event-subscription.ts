import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { WakeListener } from '../concurrency/wake-signal.ts';
import type { LogStart } from '../store/retention/log-start.ts';
import { type Identity, type SubscriptionReader, SubscriptionSource, type SubscriptionSourceParts } from './source.ts';
import { LogReader, type LogReaderParts } from './log-reader.ts';
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
export class EventReader implements SubscriptionReader<StoredEvent | Expired> {
  /** Events between what was delivered and `place`. */
  private readonly ready: StoredEvent[] = [];
  private expired: Expired | 'SAID' | null = null;

  constructor(
    private readonly logReader: LogReader,
    private readonly logStart: LogStart,
    private position: Position,
  ) {}

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

  async read(): Promise<void> {
    const buffered = await this.logReader.stepFromMemory(this.position);
    const { events, upTo } = buffered ?? (await this.logReader.stepFromDatabase(this.position));
    // Asked afterwards, so that nothing that went away while it was read goes unsaid.
    if (buffered === null && (await this.logStart()) > this.position) {
      this.expired = new Expired();
      return;
    }
    this.ready.push(...events);
    this.position = upTo;
  }

  private reportExpired(expired: Expired | 'SAID'): Expired | 'ENDED' {
    this.expired = 'SAID';
    return expired === 'SAID' ? 'ENDED' : expired;
  }

  onReadable(listener: WakeListener): void {
    this.logReader.onReadable(this.position, listener);
  }

  offReadable(listener: WakeListener): void {
    this.logReader.offReadable(listener);
  }

  identityOf(message: StoredEvent | Expired): Identity {
    return message instanceof Expired ? 'expired' : message.position;
  }

  eventsIn(message: StoredEvent | Expired): number {
    return message instanceof Expired ? 0 : 1;
  }

  [Symbol.dispose](): void {
    this.logReader[Symbol.dispose]();
  }
}

/**
 * A subscription: one cursor that moves along the log, when its client takes the next event.
 *
 * Assumes: a tail that passes every event once, in order. Promises: every event after `after` that matches, in log
 * order, once; what a client has not asked for costs no memory beyond one page. Does not promise speed to a client that
 * is slow. A database that is away only makes it wait; where retention has taken away what comes next, it says so and ends.
 */
export type SubscriptionParts = LogReaderParts & SubscriptionSourceParts & { readonly logStart: LogStart };

/** Events after `after` (from the head at the call, when null) that match. */
export async function subscribeToEvents(
  parts: SubscriptionParts,
  filter: Condition,
  after: Position | null,
): Promise<SubscriptionSource<StoredEvent | Expired>> {
  const following = await parts.tail.follow();
  try {
    const start = after ?? (await parts.heads.head());
    return new SubscriptionSource(parts, new EventReader(new LogReader(parts, filter, pageEvents), parts.logStart, start), following);
  } catch (error) {
    following[Symbol.dispose]();
    throw error;
  }
}

/** Events read from the database at once for a subscription that is further back than memory. */
const pageEvents = 100;
