import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Database } from '../store/database/database.ts';
import { readLog } from '../store/log/read-log.ts';
import type { Portion } from '../store/database/adaptive-limit.ts';
import type { Tail } from '../log/tail.ts';

export interface ReadAheadParts {
  readonly database: Database;
  readonly tail: Tail;
  /** How many events a read asks for. */
  readonly portion: Portion;
}

/**
 * The log from a place on, for one who takes it bit by bit. What the tail remembers is not read; of the rest, the next piece is
 * on its way while one is taken, so two pieces are in memory at most.
 */
export class ReadAhead {
  private waiting: readonly StoredEvent[] = [];
  private coming: Promise<readonly StoredEvent[]> | null = null;

  /** @param end The last place of what has come. */
  constructor(
    private readonly parts: ReadAheadParts,
    private end: Position,
  ) {}

  /** The next `count` events up to `head`, or fewer where there are no more. Throws what reading the log does. */
  async take(count: number, head: Position): Promise<readonly StoredEvent[]> {
    while (this.waiting.length < count) {
      const piece = await (this.coming ?? this.piece(count, head));
      this.coming = null;
      const last = piece.at(-1);
      if (last === undefined) break;
      this.waiting = [...this.waiting, ...piece];
      this.end = last.position;
      if (this.end + this.parts.portion.limit > head) continue;
      this.coming = this.piece(count, head);
      this.coming.catch(() => undefined); // whoever takes it is told
    }
    const taken = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
    return taken;
  }

  private async piece(count: number, head: Position): Promise<readonly StoredEvent[]> {
    const { database, tail, portion } = this.parts;
    const remembered = tail.recentAfter(this.end, count);
    // The tail may be behind; then what it remembers ends too early.
    if (remembered?.length === count) return remembered;
    const { events, bytes } = await readLog(database, { after: this.end, head, limit: portion.limit });
    portion.saw(
      events.length,
      bytes.reduce((sum, each) => sum + each, 0),
    );
    return events;
  }
}
