import type { Position } from '../../event/cursor.ts';
import type { Instant } from '../../event/instant.ts';
import type { BlockRef, BlockWindow } from './block-windows.ts';
import type { Direction } from './page-request.ts';
import { fromTimestamp } from '../database/timestamps.ts';
import type { PartialRow } from '../database/bounded-rows.ts';

/** Collects the page of one key. */
export class PageBuilder {
  readonly value: string;
  /** The block from which to continue; null if the page is complete. */
  from: BlockRef | null;
  private readonly wanted: number;
  private readonly found = new Map<string, PartialRow>();
  private sorted: PartialRow[] = [];

  constructor(
    { value, wanted, from }: Pick<PageBuilder, 'value' | 'from'> & { readonly wanted: number },
    private readonly direction: Direction,
  ) {
    this.value = value;
    this.wanted = wanted;
    this.from = from;
  }

  add(row: PartialRow): void {
    this.found.set(row.position, row);
  }

  /**
   * Call after everything before the block `next` was scanned. Completes the page if it is full and no later
   * block can precede its events.
   */
  close(next: BlockRef | null): void {
    this.sorted = Array.from(this.found.values()).toSorted((a, b) => compareRows(a, b, this.direction));
    for (const { position } of this.sorted.splice(this.wanted)) this.found.delete(position);
    const last = this.sorted[this.wanted - 1];
    const full = last !== undefined && (next === null || comesBefore(orderKeyOf(last), next, this.direction));
    this.from = full ? null : next;
  }

  /** Scans the blocks of a window in growing steps, and no further than the page needs. */
  async scanWindow(window: BlockWindow, check: (blocks: readonly BlockRef[]) => Promise<void>): Promise<void> {
    let rest = window.blocks;
    for (let size = firstStepBlocks; ; size = Math.min(size * 4, maxStepBlocks)) {
      await check(rest.slice(0, size));
      rest = rest.slice(size);
      this.close(rest[0] ?? window.next);
      if (this.from === null || rest.length === 0) return;
    }
  }

  get rowCount(): number {
    return this.found.size;
  }

  isFull(): boolean {
    return this.found.size >= this.wanted;
  }

  page(): readonly PartialRow[] {
    this.close(null);
    return this.sorted.slice(0, this.wanted);
  }
}

/** The pages that are not complete. */
export function openOf(builders: readonly PageBuilder[]): readonly PageBuilder[] {
  return builders.filter(({ from }) => from !== null);
}

function orderKeyOf({ position, occurred }: PartialRow) {
  return { position: Number(position) as Position, occurred: fromTimestamp(occurred) };
}

/** Whether an event comes before all events of a block, in the direction of a page. */
function comesBefore(event: { readonly position: Position; readonly occurred: Instant }, next: BlockRef, { by, up }: Direction): boolean {
  if (by === 'position') return up ? event.position < next.first : event.position > next.last;
  return up ? event.occurred < next.firstOccurred : event.occurred > next.lastOccurred;
}

function compareRows(a: PartialRow, b: PartialRow, { by, up }: Direction): number {
  const [x, y] = [orderKeyOf(a), orderKeyOf(b)];
  const byTime = by === 'position' || x.occurred === y.occurred ? 0 : x.occurred < y.occurred ? -1 : 1;
  const order = byTime === 0 ? x.position - y.position : byTime;
  return up ? order : -order;
}

/** Blocks of the first step, and of the largest. */
const firstStepBlocks = 12;
const maxStepBlocks = 512;
