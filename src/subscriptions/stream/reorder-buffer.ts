import type { StoredEvent } from '../../event/event.ts';

/** An event that waits for its predecessor. */
export interface BufferedEvent {
  readonly event: StoredEvent;
  readonly predecessor: string;
  /** By the database's clock. */
  readonly receivedMs: number;
  /** The time at which it was read from the log, by the clock of this process. */
  readonly readMs: number;
}

/**
 * Delayed events, in log order, by their id and by the id of the event that they follow.
 *
 * Assumes: events are added in log order, each once.
 */
export class ReorderBuffer {
  private readonly byId = new Map<string, BufferedEvent>();
  private readonly byPredecessor = new Map<string, Set<BufferedEvent>>();

  get size(): number {
    return this.byId.size;
  }

  /** The event that is delayed longest. */
  get earliest(): BufferedEvent | null {
    for (const buffered of this.byId.values()) return buffered;
    return null;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  add(buffered: BufferedEvent): void {
    this.byId.set(buffered.event.id, buffered);
    const siblings = this.byPredecessor.get(buffered.predecessor);
    if (siblings === undefined) this.byPredecessor.set(buffered.predecessor, new Set([buffered]));
    else siblings.add(buffered);
  }

  remove(buffered: BufferedEvent): void {
    this.byId.delete(buffered.event.id);
    const siblings = this.byPredecessor.get(buffered.predecessor);
    if (siblings?.delete(buffered) === true && siblings.size === 0) this.byPredecessor.delete(buffered.predecessor);
  }

  /** The events that wait for this one, in log order. */
  followersOf(id: string): readonly BufferedEvent[] {
    return [...(this.byPredecessor.get(id) ?? [])];
  }

  /**
   * Follows the predecessors of an event as far as they are in the buffer and `fits` holds. Returns
   * the last of them; the event itself if they form a circle.
   */
  firstOfChain(buffered: BufferedEvent, fits: (each: BufferedEvent) => boolean): BufferedEvent {
    const visited = new Set<BufferedEvent>();
    let first = buffered;
    for (let next: BufferedEvent | undefined = buffered; next !== undefined && fits(next); next = this.byId.get(next.predecessor)) {
      if (visited.has(next)) return buffered;
      visited.add(next);
      first = next;
    }
    return first;
  }

  /** The ids of predecessors that are not in the buffer themselves. */
  missingPredecessors(): readonly string[] {
    return Array.from(this.byPredecessor.keys()).filter((id) => !this.byId.has(id));
  }
}

/** The last `maxIds` ids added. */
export class RecentIds {
  private readonly ids = new Set<string>();

  constructor(private readonly maxIds: number) {}

  has(id: string): boolean {
    return this.ids.has(id);
  }

  add(id: string): void {
    this.ids.delete(id);
    this.ids.add(id);
    if (this.ids.size <= this.maxIds) return;
    for (const oldest of this.ids) {
      this.ids.delete(oldest);
      return;
    }
  }
}
