import type { StoredEvent } from '../../event/event.ts';

/** An event that waits for its leader. */
export interface Held {
  readonly event: StoredEvent;
  readonly leader: string;
  /** By the database's clock, in milliseconds. */
  readonly receivedMs: number;
  /** By the clock of this process, when it was read from the log. */
  readonly seenMs: number;
}

/** Events held for their leaders, in log order. Assumes that they are added in log order, each once. */
export class HeldEvents {
  private readonly byId = new Map<string, Held>();
  private readonly byLeader = new Map<string, Set<Held>>();

  get size(): number {
    return this.byId.size;
  }

  /** The one that is held for longest. */
  get earliest(): Held | null {
    for (const held of this.byId.values()) return held;
    return null;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  add(held: Held): void {
    this.byId.set(held.event.id, held);
    const beside = this.byLeader.get(held.leader);
    if (beside === undefined) this.byLeader.set(held.leader, new Set([held]));
    else beside.add(held);
  }

  remove(held: Held): void {
    this.byId.delete(held.event.id);
    const beside = this.byLeader.get(held.leader);
    if (beside?.delete(held) === true && beside.size === 0) this.byLeader.delete(held.leader);
  }

  /** Those that wait for this event, in log order. */
  followersOf(id: string): readonly Held[] {
    return [...(this.byLeader.get(id) ?? [])];
  }

  /** The first of the chain that leads to this one, as far as it is held and fits; in a circle, this one. */
  foremost(held: Held, fits: (each: Held) => boolean): Held {
    const seen = new Set<Held>();
    let first = held;
    for (let next: Held | undefined = held; next !== undefined && fits(next); next = this.byId.get(next.leader)) {
      if (seen.has(next)) return held;
      seen.add(next);
      first = next;
    }
    return first;
  }

  /** The leaders that are not held themselves: they are yet to come, if they come. */
  leadersAbsent(): readonly string[] {
    return Array.from(this.byLeader.keys()).filter((id) => !this.byId.has(id));
  }
}

/** The last so many ids that were added. */
export class RecentIds {
  private readonly ids = new Set<string>();

  constructor(private readonly most: number) {}

  has(id: string): boolean {
    return this.ids.has(id);
  }

  add(id: string): void {
    this.ids.delete(id);
    this.ids.add(id);
    if (this.ids.size <= this.most) return;
    for (const oldest of this.ids) {
      this.ids.delete(oldest);
      return;
    }
  }
}
