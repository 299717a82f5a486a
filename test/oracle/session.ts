import { placeOf } from './position.ts';
import type { Tally } from './stats.ts';

/** How a follower listens: `events`, or `eventStream` in one of its orders. */
export type Source = 'EVENTS' | 'STREAM' | 'CAUSAL';

/** What came between the beginning of one subscription and its end. */
export interface Delivery {
  readonly id: string;
  readonly cursor: string;
  readonly place: number;
  readonly follows: string | null;
}

/** What lies after `from`, up to and including `to`. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** A message, or one event of `events`. */
export interface Said {
  readonly kind: string;
  readonly deliveries: readonly Delivery[];
  /** To go on from. */
  readonly cursor: string;
  readonly place: number;
}

/**
 * One subscription, from a cursor on. Notes what came, and checks at once what can be known at once: that each message
 * begins where the last one ended, that cursors go on, and that events lie in the stretch of their message.
 */
export class Session {
  readonly said: Said[] = [];
  readonly problems: string[] = [];
  /** Stretches of which the server said that it cannot deliver them any more. */
  readonly gaps: Gap[] = [];

  constructor(
    readonly source: Source,
    /** Null: it begins at the head, and says where that is. */
    public from: string | null,
    private readonly tally: Tally,
  ) {}

  /** The last place to go on from; null: none was said yet. */
  get cursor(): string | null {
    return this.said.at(-1)?.cursor ?? this.from;
  }

  /** Takes in the data of one message. */
  hear(data: any): void {
    try {
      this.take(data);
    } catch (error) {
      this.problem(`unreadable, ${String(error)}`, data);
    }
  }

  private take(data: any): void {
    if (this.source === 'EVENTS') return this.hearEvent(data.events);
    const message = data.eventStream;
    this.tally.add(`${message.kind} messages`);
    switch (message.kind) {
      case 'EventBatch':
        return this.hearBatch(message);
      case 'CaughtUp':
        this.from ??= message.cursor;
        return this.move(message.kind, message.cursor, { least: this.last() });
      case 'FellBehind':
        if (placeOf(message.head) <= placeOf(message.cursor)) this.problem('fell behind a head that lies before its cursor', message);
        return this.move(message.kind, message.cursor, { least: this.last() });
      case 'Checkpoint':
        return this.move(message.kind, message.cursor, { least: this.last() + 1 });
      case 'Gap':
        return this.hearGap(message);
      default:
        return this.problem('unexpected message', message);
    }
  }

  private hearEvent(event: any): void {
    const delivery = deliveryOf(event);
    this.move('event', event.cursor, { least: this.last() + 1, deliveries: [delivery] });
  }

  private hearBatch(batch: any): void {
    if (batch.previous !== this.cursor) this.problem(`the chain is broken after ${this.cursor}`, batch);
    const deliveries: Delivery[] = batch.events.map(deliveryOf);
    const inLog = this.source === 'STREAM';
    if (deliveries.length === 0) this.problem('an empty batch', batch);
    if (inLog) {
      let place = placeOf(batch.previous);
      for (const each of deliveries) {
        if (each.place <= place) this.problem(`${each.id} is out of order`, batch);
        place = each.place;
      }
      if (place > placeOf(batch.cursor)) this.problem('an event lies behind the cursor of its batch', batch);
    }
    this.move('EventBatch', batch.cursor, { least: this.last() + (inLog ? 1 : 0), deliveries });
  }

  /** Whether something kept lies in it is for the verdict to say. */
  private hearGap(gap: any): void {
    if (gap.reason !== 'RETENTION' || gap.from !== this.cursor) this.problem(`a gap that does not begin after ${this.cursor}`, gap);
    this.gaps.push({ from: placeOf(gap.from), to: placeOf(gap.to) });
    this.move('Gap', gap.to, { least: this.last() + 1 });
  }

  private move(kind: string, cursor: string, { least, deliveries = [] }: { least: number; deliveries?: readonly Delivery[] }): void {
    const place = placeOf(cursor);
    if (place < least) this.problem(`${kind} goes back to ${cursor}, which should lie at ${least} or later`, { place });
    this.tally.add('deliveries', deliveries.length);
    this.said.push({ kind, deliveries, cursor, place });
  }

  private last(): number {
    const { cursor } = this;
    return cursor === null ? -1 : placeOf(cursor);
  }

  private problem(what: string, message: object): void {
    this.problems.push(`${what}: ${JSON.stringify(message).slice(0, 1000)}`);
  }
}

function deliveryOf(event: any): Delivery {
  return { id: event.id, cursor: event.cursor, place: placeOf(event.cursor), follows: event.followsId };
}
