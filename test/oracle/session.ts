import { positionOf } from './position.ts';
import type { RunStats } from './stats.ts';

/** How a follower listens: `events`, or `eventStream` in one of its orders. */
export type Source = 'EVENTS' | 'STREAM' | 'CAUSAL';

/** What came between the beginning of one subscription and its end. */
export interface Delivery {
  readonly id: string;
  readonly cursor: string;
  readonly position: number;
  readonly follows: string | null;
}

/** What lies after `from`, up to and including `to`. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** A message, or one event of `events`. */
export interface ReceivedMessage {
  readonly kind: string;
  readonly deliveries: readonly Delivery[];
  /** To go on from. */
  readonly cursor: string;
  readonly position: number;
}

/**
 * One subscription, from a cursor on. Notes what came, and checks at once what can be known at once: that each message
 * begins where the last one ended, that cursors go on, and that events lie in the stretch of their message.
 */
export class Session {
  readonly messages: ReceivedMessage[] = [];
  readonly problems: string[] = [];
  /** Stretches of which the server said that it cannot deliver them any more. */
  readonly gaps: Gap[] = [];

  constructor(
    readonly source: Source,
    /** Null: it begins at the head, and says where that is. */
    public from: string | null,
    private readonly stats: RunStats,
  ) {}

  /** The last place to go on from; null: none was said yet. */
  get cursor(): string | null {
    return this.messages.at(-1)?.cursor ?? this.from;
  }

  /** Takes in the data of one message. */
  receive(data: any): void {
    try {
      this.dispatch(data);
    } catch (error) {
      this.problem(`unreadable, ${String(error)}`, data);
    }
  }

  private dispatch(data: any): void {
    if (this.source === 'EVENTS') return this.receiveEvent(data.events);
    const message = data.eventStream;
    this.stats.add(`${message.kind} messages`);
    switch (message.kind) {
      case 'EventBatch':
        return this.receiveBatch(message);
      case 'CaughtUp':
        this.from ??= message.cursor;
        return this.advance(message.kind, message.cursor, { minPosition: this.lastPosition() });
      case 'FellBehind':
        if (positionOf(message.head) <= positionOf(message.cursor)) this.problem('fell behind a head that lies before its cursor', message);
        return this.advance(message.kind, message.cursor, { minPosition: this.lastPosition() });
      case 'Checkpoint':
        return this.advance(message.kind, message.cursor, { minPosition: this.lastPosition() + 1 });
      case 'Gap':
        return this.receiveGap(message);
      default:
        return this.problem('unexpected message', message);
    }
  }

  private receiveEvent(event: any): void {
    const delivery = deliveryOf(event);
    this.advance('event', event.cursor, { minPosition: this.lastPosition() + 1, deliveries: [delivery] });
  }

  private receiveBatch(batch: any): void {
    if (batch.previous !== this.cursor) this.problem(`the chain is broken after ${this.cursor}`, batch);
    const deliveries: Delivery[] = batch.events.map(deliveryOf);
    const inLog = this.source === 'STREAM';
    if (deliveries.length === 0) this.problem('an empty batch', batch);
    if (inLog) {
      let position = positionOf(batch.previous);
      for (const each of deliveries) {
        if (each.position <= position) this.problem(`${each.id} is out of order`, batch);
        position = each.position;
      }
      if (position > positionOf(batch.cursor)) this.problem('an event lies behind the cursor of its batch', batch);
    }
    this.advance('EventBatch', batch.cursor, { minPosition: this.lastPosition() + (inLog ? 1 : 0), deliveries });
  }

  /** Whether something kept lies in it is for the verdict to say. */
  private receiveGap(gap: any): void {
    if (gap.reason !== 'RETENTION' || gap.from !== this.cursor) this.problem(`a gap that does not begin after ${this.cursor}`, gap);
    this.gaps.push({ from: positionOf(gap.from), to: positionOf(gap.to) });
    this.advance('Gap', gap.to, { minPosition: this.lastPosition() + 1 });
  }

  private advance(
    kind: string,
    cursor: string,
    { minPosition, deliveries = [] }: { minPosition: number; deliveries?: readonly Delivery[] },
  ): void {
    const position = positionOf(cursor);
    if (position < minPosition)
      this.problem(`${kind} goes back to ${cursor}, which should lie at ${minPosition} or later`, { place: position });
    this.stats.add('deliveries', deliveries.length);
    this.messages.push({ kind, deliveries, cursor, position });
  }

  private lastPosition(): number {
    const { cursor } = this;
    return cursor === null ? -1 : positionOf(cursor);
  }

  private problem(what: string, message: object): void {
    this.problems.push(`${what}: ${JSON.stringify(message).slice(0, 1000)}`);
  }
}

function deliveryOf(event: any): Delivery {
  return { id: event.id, cursor: event.cursor, position: positionOf(event.cursor), follows: event.followsId };
}
