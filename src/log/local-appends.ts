import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { LogSlice } from '../store/log/read-log.ts';
import type { TailBufferBounds } from './tail-buffer.ts';

/**
 * Events that this process appended and its tail has not passed yet, so that the tail need not read
 * them back.
 *
 * Assumes: offered events are committed, and equal to those that a read would return. Positions are
 * whole numbers, each of one event at most. The end of a requested range is a head of the log
 * (src/store/log/log-head.ts), so every position up to it is decided.
 *
 * Guarantees: `range` returns all events of the log in the range, or null.
 *
 * Does not guarantee: to keep any event. Events beyond the bounds are dropped, and read from the
 * database.
 *
 * Why no event can be missed: with an event for every whole number after `after` up to `upTo`,
 * another event would have one of the same positions. A missing position belongs to an event of
 * another process or to none, after a rollback. This process does not know which, so the result is
 * null.
 */
export class LocalAppends {
  private readonly kept = new Map<Position, KeptEvent>();
  private bytes = 0;

  constructor(private readonly bounds: TailBufferBounds) {}

  offer({ events, bytes }: LogSlice): void {
    for (const [index, event] of events.entries()) {
      const size = bytes[index] ?? 0;
      if (this.kept.size >= this.bounds.events || this.bytes + size > this.bounds.bytes) return;
      this.kept.set(event.position, { event, bytes: size });
      this.bytes += size;
    }
  }

  /**
   * Returns every event after `after` up to and including `upTo`; null: this process does not know
   * all of them.
   */
  range(after: Position, upTo: Position): LogSlice | null {
    if (upTo - after > this.kept.size) return null;
    const events: StoredEvent[] = [];
    const bytes: number[] = [];
    for (let position = after + 1; position <= upTo; position += 1) {
      const kept = this.kept.get(position as Position);
      if (kept === undefined) return null;
      events.push(kept.event);
      bytes.push(kept.bytes);
    }
    return { events, bytes };
  }

  /** Drops the events at or before a position. */
  dropUpTo(upTo: Position): void {
    for (const [position, { bytes }] of this.kept) {
      if (position > upTo) continue;
      this.kept.delete(position);
      this.bytes -= bytes;
    }
  }

  clear(): void {
    this.kept.clear();
    this.bytes = 0;
  }
}

interface KeptEvent {
  readonly event: StoredEvent;
  readonly bytes: number;
}
