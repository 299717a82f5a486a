import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Tail } from '../log/tail.ts';
import type { AdaptiveLimit } from '../store/log/adaptive-limit.ts';
import type { Database } from '../store/database/database.ts';
import { readLog } from '../store/log/read-log.ts';

export interface ReadAheadParts {
  readonly database: Database;
  readonly tail: Tail;
  /** The number of events of a read. */
  readonly adaptiveLimit: AdaptiveLimit;
}

/**
 * Reads the log from a position on, in pieces. Events in the tail's buffer are not read from the
 * database. Otherwise the next piece is prefetched while the caller works on one, so at most two
 * pieces are in memory.
 */
export class ReadAhead {
  private pending: readonly StoredEvent[] = [];
  private prefetched: Promise<readonly StoredEvent[]> | null = null;

  /** @param end The position after which to start; later the last position read. */
  constructor(
    private readonly parts: ReadAheadParts,
    private end: Position,
  ) {}

  /**
   * Returns the next `count` events up to `head`, or fewer if there are no more. Throws the errors
   * of `readLog`.
   */
  async take(count: number, head: Position): Promise<readonly StoredEvent[]> {
    while (this.pending.length < count) {
      const nextEvents = await (this.prefetched ?? this.nextEvents(count, head));
      this.prefetched = null;
      const last = nextEvents.at(-1);
      if (last === undefined) break;
      this.pending = [...this.pending, ...nextEvents];
      this.end = last.position;
      if (this.end + this.parts.adaptiveLimit.limit > head) continue;
      this.prefetched = this.nextEvents(count, head);
      this.prefetched.catch(() => undefined); // the next call of `take` throws it
    }
    const taken = this.pending.slice(0, count);
    this.pending = this.pending.slice(count);
    return taken;
  }

  private async nextEvents(count: number, head: Position): Promise<readonly StoredEvent[]> {
    const { database, tail, adaptiveLimit } = this.parts;
    const buffered = tail.bufferedAfter(this.end, count);
    // The tail may be behind `head`; then its buffer has fewer events.
    if (buffered?.length === count) return buffered;
    const { events, bytes } = await readLog(database, { after: this.end, head, limit: adaptiveLimit.limit });
    adaptiveLimit.record(
      events.length,
      bytes.reduce((sum, each) => sum + each, 0),
    );
    return events;
  }
}
