import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { LogSlice } from '../store/log/read-log.ts';
import type { TailBufferBounds } from './tail-buffer.ts';

/**
 * Events that this process stored itself and has not passed yet, so that they need not be read back.
 *
 * Assumes: what is offered is committed, and is what a read would give; places are whole numbers, each given to one
 * event at most; the head up to which a stretch is asked for was read from the log (`store/log-order`), so everything at
 * or before it is decided. Promises: `stretch` answers with all events of the log in between, or with null.
 *
 * Why nothing can be missed: with an event in hand for every whole number after `after` up to `upTo`, another event
 * could only stand at one of the same places. Where a place is missing (another process has it, or nobody, since a
 * batch was rolled back), it is not known here what stands there, and the answer is null.
 *
 * Does not promise to keep anything: what lies beyond the bounds is not taken, and is read like others' events.
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

  /** Every event after `after` up to and including `upTo`; null when it is not known here what they are. */
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

  /** Lets go of what lies at or before a place. */
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
