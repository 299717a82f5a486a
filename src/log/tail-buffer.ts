import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { LogSlice } from '../store/log/read-log.ts';

export interface TailBufferBounds {
  readonly events: number;
  readonly bytes: number;
}

/** A step of the tail: all events after `from` up to and including `upTo`. */
export interface TailStep extends LogSlice {
  /** The end of the last step; a later position if retention has removed the events between them. */
  readonly from: Position;
  readonly upTo: Position;
}

/**
 * The end of the log in memory: every event after `start` up to `head`. Drops the oldest events
 * beyond the bounds; readers read those from the database.
 */
export class TailBuffer {
  private events: (StoredEvent | undefined)[] = [];
  private sizes: number[] = [];
  private first = 0; // earlier slots are empty, and cut off in bulk
  private bytes = 0;
  private start: Position;
  private end: Position;

  constructor(
    head: Position,
    private readonly bounds: TailBufferBounds,
  ) {
    this.start = head;
    this.end = head;
  }

  get head(): Position {
    return this.end;
  }

  /** Adds the events of a step, and moves the head to its end. A step that begins later replaces everything. */
  extend({ events, bytes, from, upTo }: TailStep): void {
    if (from > this.end) {
      this.prune(from);
      this.start = from;
    }
    for (const [index, event] of events.entries()) {
      const size = bytes[index] ?? 0;
      this.events.push(event);
      this.sizes.push(size);
      this.bytes += size;
    }
    this.end = upTo;
    while (this.events.length - this.first > this.bounds.events || this.bytes > this.bounds.bytes) this.dropOldest();
    if (this.first > this.bounds.events) {
      this.events = this.events.slice(this.first);
      this.sizes = this.sizes.slice(this.first);
      this.first = 0;
    }
  }

  /**
   * The first `limit` events after `position`, in order; null: the buffer does not reach back that
   * far.
   */
  after(position: Position, limit: number): readonly StoredEvent[] | null {
    if (position < this.start) return null;
    const first = this.firstAfter(position);
    return this.events.slice(first, first + limit).filter((event) => event !== undefined);
  }

  /** Drops the events up to a position: they were removed from the log. */
  prune(upTo: Position): void {
    while ((this.events[this.first]?.position ?? Infinity) <= upTo) this.dropOldest();
  }

  /** The event at a position; null: the buffer does not have it. */
  at(position: Position): StoredEvent | null {
    const event = this.events[this.firstAfter(position) - 1];
    return event?.position === position ? event : null;
  }

  private firstAfter(position: Position): number {
    let low = this.first;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.events[middle]?.position ?? Infinity) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private dropOldest(): void {
    const oldest = this.events[this.first];
    if (oldest === undefined) return;
    this.start = oldest.position;
    this.bytes -= this.sizes[this.first] ?? 0;
    this.events[this.first] = undefined;
    this.first += 1;
  }
}
