import { positionOf } from './position.ts';
import type { RunStats } from './stats.ts';

/** The subscription of a follower: `events`, `eventStream` in one of its orders, or a loop of the client package. */
export type Source = 'EVENTS' | 'STREAM' | 'CAUSAL' | 'CLIENT';

/** A delivered event. */
export interface Delivery {
  readonly id: string;
  readonly cursor: string;
  readonly position: number;
  readonly follows: string | null;
}

/** The positions after `from`, up to and including `to`. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** A message, or one event of `events`. */
export interface ReceivedMessage {
  readonly kind: string;
  readonly deliveries: readonly Delivery[];
  /** The cursor to resume from. */
  readonly cursor: string;
  readonly position: number;
}

/**
 * One subscription from a cursor. Records its messages, and checks each of them as it arrives: it
 * begins where the last one ended, cursors advance, and events lie in the range of their message.
 */
export class Session {
  readonly messages: ReceivedMessage[] = [];
  readonly problems: string[] = [];
  /** Ranges that the server reported as no longer available. */
  readonly gaps: Gap[] = [];

  constructor(
    readonly source: Source,
    /** Null: it starts at the head, whose cursor a message reports. */
    public from: string | null,
    private readonly stats: RunStats,
  ) {}

  /** The last cursor to resume from; null: none was received yet. */
  get cursor(): string | null {
    return this.messages.at(-1)?.cursor ?? this.from;
  }

  /** Records the data of one message. `id`: the cursor that an event stream sends with it. */
  receive(data: any, id?: string): void {
    try {
      this.dispatch(data);
      if (id !== undefined && id !== this.cursor) this.problem(`expected the id ${this.cursor}, got ${id}`, data);
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
      if (position > positionOf(batch.cursor)) this.problem('an event lies after the cursor of its batch', batch);
    }
    this.advance('EventBatch', batch.cursor, { minPosition: this.lastPosition() + (inLog ? 1 : 0), deliveries });
  }

  /** The verdict checks that no stored event lies in the gap. */
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
    if (position < minPosition) this.problem(`${kind} goes back to ${cursor}, which should lie at ${minPosition} or later`, { position });
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
