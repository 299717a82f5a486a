import type { StoredEvent } from '../../../event/event.ts';
import type { Position } from '../../../event/cursor.ts';
import { TidingsError } from '../../../errors.ts';
import type { Condition } from '../../../filter/filter.ts';
import { Expired, type EventCursor } from '../../../subscriptions/event-subscription.ts';
import type { Identity, LiveCursor } from '../../../subscriptions/source.ts';
import type { Waiter } from '../../../concurrency/wake-signal.ts';
import type { Database } from '../../../store/database/database.ts';
import { everyEvent, type Place } from '../../../store/queries/page-request.ts';
import { readPages } from '../../../store/queries/pages.ts';
import { Portion } from '../../../store/database/adaptive-limit.ts';

/** Which stored events come first. */
export interface Backfill {
  readonly database: Database;
  readonly filter: Condition;
  /** Those up to here. */
  readonly head: Position;
}

/**
 * First the events up to a head that match, the earliest that occurred first, then those after it, as they come.
 *
 * Assumes: `live` begins at that head. Promises: every event that matches and is wanted once; at most a page of events is
 * held. Does not promise the log's order before the head.
 */
export class BackfilledCursor implements LiveCursor<StoredEvent | Ending> {
  private ready: StoredEvent[] = [];
  /** Behind what was read; null: nothing was. */
  private place: Place | null = null;
  private ending: Ending | null = null;
  private hasEnded = false;
  private readonly portion = new Portion(page);

  /** `backfill` null: none. `isWanted` says what the filter cannot say. */
  constructor(
    private backfill: Backfill | null,
    private readonly live: EventCursor,
    private readonly isWanted: (event: StoredEvent) => boolean,
  ) {}

  next(): StoredEvent | Ending | 'READ' | 'WAIT' | 'ENDED' {
    for (;;) {
      const found = this.step();
      if (typeof found === 'string' || found instanceof Ending || this.isWanted(found)) return found;
    }
  }

  private step(): StoredEvent | Ending | 'READ' | 'WAIT' | 'ENDED' {
    const ready = this.ready.shift();
    if (ready !== undefined) return ready;
    if (this.hasEnded) return 'ENDED';
    if (this.ending !== null) return this.end(this.ending);
    if (this.backfill !== null) return 'READ';
    const message = this.live.next();
    return message instanceof Expired ? this.end(new Ending(message.error.message)) : message;
  }

  private end(ending: Ending): Ending {
    this.hasEnded = true;
    return ending;
  }

  async read(): Promise<void> {
    if (this.backfill === null) return this.live.read();
    const { database, filter, head } = this.backfill;
    const { place, portion } = this;
    const request = {
      filter,
      order: 'OLDEST_FIRST',
      head,
      limit: portion.limit,
      backward: false,
      ...(place !== null && { after: place }),
    } as const;
    const [found] = await readPages(database, request, everyEvent).catch((error: unknown) => {
      // It would take as long the next time.
      if (!(error instanceof TidingsError) || error.code !== 'LIMIT_EXCEEDED') throw error;
      this.ending = new Ending(error.message);
      return [];
    });
    if (found === undefined) return;
    portion.saw(found.events.length, found.bytes);
    const last = found.events.at(-1);
    if (last !== undefined) this.place = { position: last.position, occurred: last.occurred };
    this.ready = [...found.events];
    if (!found.more) this.backfill = null;
  }

  onMore(waiter: Waiter): void {
    this.live.onMore(waiter);
  }

  offMore(waiter: Waiter): void {
    this.live.offMore(waiter);
  }

  identityOf(message: StoredEvent | Ending): Identity {
    return message instanceof Ending ? 'ending' : message.position;
  }

  eventsIn(message: StoredEvent | Ending): number {
    return message instanceof Ending ? 0 : 1;
  }

  [Symbol.dispose](): void {
    this.live[Symbol.dispose]();
  }
}

/** The last message, and why there are no others. */
export class Ending {
  constructor(readonly reason: string) {}
}

const page = 100;
