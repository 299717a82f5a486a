import type { Position } from '../event/cursor.ts';
import { comesBefore, type DigestPlace, type Window } from './digest-windows.ts';
import type { Direction } from './page-request.ts';
import { fromTimestamp, type EventRow } from './rows.ts';

/** One key's page in the making. */
export class PageSearch {
  /** The digest from which on to look; null: there is no need to look further. */
  from: DigestPlace | null = null;
  private readonly found = new Map<string, EventRow>();
  private sorted: EventRow[] = [];
  private looked = 0;

  constructor(
    readonly value: string,
    private readonly wanted: number,
    private readonly direction: Direction,
  ) {}

  add(row: EventRow): void {
    this.found.set(row.position, row);
  }

  /** After everything before `next` was looked at: is the page full of events that nothing can come before any more? */
  close({ digests, next }: Window): void {
    this.looked += digests.length;
    this.sorted = Array.from(this.found.values()).toSorted((a, b) => inOrder(a, b, this.direction));
    const last = this.sorted[this.wanted - 1];
    const full = last !== undefined && (next === null || comesBefore(edgeOf(last), next, this.direction));
    this.from = full ? null : next;
  }

  /** How many more digests the page is likely to need, if they hold as much as those before. */
  digestsWanted(): number {
    const each = this.found.size / Math.max(this.looked, 1);
    return Math.ceil((this.wanted - this.found.size) / Math.max(each, leastInOne)) + 1;
  }

  isFull(): boolean {
    return this.found.size >= this.wanted;
  }

  page(): readonly EventRow[] {
    this.close({ digests: [], next: null });
    return this.sorted.slice(0, this.wanted);
  }
}

function edgeOf({ position, occurred }: EventRow) {
  return { position: Number(position) as Position, occurred: fromTimestamp(occurred) };
}

function inOrder(a: EventRow, b: EventRow, { by, up }: Direction): number {
  const [x, y] = [edgeOf(a), edgeOf(b)];
  const byTime = by === 'position' || x.occurred === y.occurred ? 0 : x.occurred < y.occurred ? -1 : 1;
  const order = byTime === 0 ? x.position - y.position : byTime;
  return up ? order : -order;
}

/** Events of a page expected in a digest that passed, at least. */
const leastInOne = 1 / 8;
