import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Database } from '../store/database/database.ts';
import { readLog } from '../store/log/read-log.ts';
import type { AdaptiveLimit } from '../store/database/adaptive-limit.ts';
import type { Tail } from '../log/tail.ts';

export interface ReadAheadParts {
  readonly database: Database;
  readonly tail: Tail;
  /** How many events a read asks for. */
  readonly adaptiveLimit: AdaptiveLimit;
}

/**
 * The log from a place on, for one who takes it bit by bit. What the tail remembers is not read; of the rest, the next piece is
 * on its way while one is taken, so two pieces are in memory at most.
 */
export class ReadAhead {
  private pending: readonly StoredEvent[] = [];
  private prefetched: Promise<readonly StoredEvent[]> | null = null;

  /** @param end The last place of what has come. */
  constructor(
    private readonly parts: ReadAheadParts,
    private end: Position,
  ) {}

  /** The next `count` events up to `head`, or fewer where there are no more. Throws what reading the log does. */
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
      this.prefetched.catch(() => undefined); // whoever takes it is told
    }
    const taken = this.pending.slice(0, count);
    this.pending = this.pending.slice(count);
    return taken;
  }

  private async nextEvents(count: number, head: Position): Promise<readonly StoredEvent[]> {
    const { database, tail, adaptiveLimit } = this.parts;
    const buffered = tail.bufferedAfter(this.end, count);
    // The tail may be behind; then what it remembers ends too early.
    if (buffered?.length === count) return buffered;
    const { events, bytes } = await readLog(database, { after: this.end, head, limit: adaptiveLimit.limit });
    adaptiveLimit.record(
      events.length,
      bytes.reduce((sum, each) => sum + each, 0),
    );
    return events;
  }
}
