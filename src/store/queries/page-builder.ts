import type { Position } from '../../event/cursor.ts';
import { comesBefore, type BlockRef, type BlockWindow } from './block-windows.ts';
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
  private scannedBlocks = 0;

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
   * Call after everything before `next` was scanned. Completes the page if it is full and no later
   * block can precede its events.
   */
  close({ blocks, next }: BlockWindow): void {
    this.scannedBlocks += blocks.length;
    this.sorted = Array.from(this.found.values()).toSorted((a, b) => compareRows(a, b, this.direction));
    for (const { position } of this.sorted.splice(this.wanted)) this.found.delete(position);
    const last = this.sorted[this.wanted - 1];
    const full = last !== undefined && (next === null || comesBefore(orderKeyOf(last), next, this.direction));
    this.from = full ? null : next;
  }

  /** Scans the blocks of a window in steps, and no further than the page needs. */
  async scanWindow(window: BlockWindow, check: (blocks: readonly BlockRef[]) => Promise<void>): Promise<void> {
    let rest = window.blocks;
    do {
      const blocks = rest.slice(0, this.nextStepBlocks(rest));
      await check(blocks);
      rest = rest.slice(blocks.length);
      this.close({ blocks, next: rest[0] ?? window.next });
    } while (this.from !== null && rest.length > 0);
  }

  get rowCount(): number {
    return this.found.size;
  }

  isFull(): boolean {
    return this.found.size >= this.wanted;
  }

  page(): readonly PartialRow[] {
    this.close({ blocks: [], next: null });
    return this.sorted.slice(0, this.wanted);
  }

  /**
   * How many of these blocks the page is likely to need, if they have as many matches as those
   * before.
   */
  private nextStepBlocks(blocks: readonly BlockRef[]): number {
    const matchesPerBlock = this.scannedBlocks < minStepBlocks ? expectedMatchesPerBlock(blocks) : this.found.size / this.scannedBlocks;
    const needed = Math.ceil((this.wanted - this.found.size) / Math.max(matchesPerBlock, minMatchesPerBlock)) + 1;
    return Math.min(Math.max(needed, minStepBlocks), maxStepBlocks);
  }
}

/** The pages that are not complete. */
export function openOf(builders: readonly PageBuilder[]): readonly PageBuilder[] {
  return builders.filter(({ from }) => from !== null);
}

function orderKeyOf({ position, occurred }: PartialRow) {
  return { position: Number(position) as Position, occurred: fromTimestamp(occurred) };
}

function compareRows(a: PartialRow, b: PartialRow, { by, up }: Direction): number {
  const [x, y] = [orderKeyOf(a), orderKeyOf(b)];
  const byTime = by === 'position' || x.occurred === y.occurred ? 0 : x.occurred < y.occurred ? -1 : 1;
  const order = byTime === 0 ? x.position - y.position : byTime;
  return up ? order : -order;
}

/**
 * Expected matches in each passing block, by the Poisson distribution, if matches are spread
 * evenly. Then the block after a passing one passes as often as any other: the share of adjacent
 * blocks estimates it. If all are adjacent, there is no bound.
 */
function expectedMatchesPerBlock(blocks: readonly BlockRef[]): number {
  const adjacent = blocks.filter(({ first, last }, n) => last + 1 === blocks[n - 1]?.first || blocks[n - 1]?.last === first - 1).length;
  const share = adjacent / Math.max(blocks.length - 1, 1);
  return share === 0 ? 1 : share < 1 ? -Math.log(1 - share) / share : Infinity;
}

/**
 * Lower bound of the expected matches in a passing block: keeps steps from growing without limit.
 */
const minMatchesPerBlock = 1 / 8;
/** Blocks of one step. */
const minStepBlocks = 12;
const maxStepBlocks = 512;
