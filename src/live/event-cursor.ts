import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Waiter } from '../log/waiters.ts';
import type { Identity, LiveCursor } from './live-cursor.ts';
import type { Walk } from './walk.ts';

/**
 * The cursor of a plain subscription: every event after a place that matches, in log order, once. An event in memory and
 * one from the database are the same step of it, so there is no seam between history and the present. It holds at most
 * one page of events read from the database, and none from memory.
 */
export class EventCursor implements LiveCursor<StoredEvent> {
  /** Events between what was delivered and `place`. */
  private readonly ready: StoredEvent[] = [];

  constructor(
    private readonly walk: Walk,
    private place: Position,
  ) {}

  next(): StoredEvent | 'READ' | 'WAIT' {
    const ready = this.ready.shift();
    if (ready !== undefined) return ready;
    if (this.walk.isAtHead(this.place)) return 'WAIT';
    const step = this.walk.known(this.place, 1);
    if (step === null) return 'READ';
    this.place = step.upTo;
    return step.events[0] ?? 'WAIT';
  }

  async read(): Promise<void> {
    const { events, upTo } = (await this.walk.remembered(this.place)) ?? (await this.walk.stored(this.place));
    this.ready.push(...events);
    this.place = upTo;
  }

  onMore(waiter: Waiter): void {
    this.walk.onMore(this.place, waiter);
  }

  offMore(waiter: Waiter): void {
    this.walk.offMore(waiter);
  }

  identityOf({ position }: StoredEvent): Identity {
    return position;
  }

  eventsIn(): number {
    return 1;
  }

  [Symbol.dispose](): void {
    this.walk[Symbol.dispose]();
  }
}
