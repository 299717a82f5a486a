/**
 * Rows in a total order, first to last.
 *
 * Guarantees: insertion and search take O(log n) comparisons and move at most a block; nothing takes
 * time in proportion to the number of rows, except a step over each block.
 *
 * Blocks of rows, one after the other: no block is empty, and all but those that grow at an end have
 * at most `maxBlockRows`.
 */
export class RowList<R> {
  readonly #blocks: R[][] = [];
  readonly #compare: (a: R, b: R) => number;
  #length = 0;

  /** `compare` is negative if the first row stands before the second, and 0 only for the same row. */
  constructor(compare: (a: R, b: R) => number) {
    this.#compare = compare;
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): R | undefined {
    return this.slice(index, index + 1)[0];
  }

  first(): R | undefined {
    return this.#blocks[0]?.[0];
  }

  last(): R | undefined {
    return this.#blocks.at(-1)?.at(-1);
  }

  slice(from = 0, to = this.#length): R[] {
    const rows: R[] = [];
    let start = 0;
    for (const block of this.#blocks) {
      if (start >= to) break;
      const end = start + block.length;
      if (end > from) for (let at = Math.max(from - start, 0); at < Math.min(to - start, block.length); at += 1) rows.push(block[at] as R);
      start = end;
    }
    return rows;
  }

  /** The index of this very row; -1 if it is not in the list. */
  indexOf(row: R): number {
    const { block, at } = this.#placeOf(row);
    if (this.#blocks[block]?.[at] !== row) return -1;
    let index = at;
    for (let each = 0; each < block; each += 1) index += this.#blocks[each]?.length ?? 0;
    return index;
  }

  insert(row: R): void {
    const place = this.#placeOf(row);
    const at = Math.min(place.block, Math.max(0, this.#blocks.length - 1));
    const block = this.#blocks[at] ?? (this.#blocks[at] = []);
    block.splice(at === place.block ? place.at : block.length, 0, row);
    if (block.length > maxBlockRows) this.#blocks.splice(at + 1, 0, block.splice(block.length / 2));
    this.#length += 1;
  }

  /** Removes this very row. Returns whether it was in the list. */
  remove(row: R): boolean {
    const { block, at } = this.#placeOf(row);
    const rows = this.#blocks[block];
    if (rows?.[at] !== row) return false;
    rows.splice(at, 1);
    if (rows.length === 0) this.#blocks.splice(block, 1);
    this.#length -= 1;
    return true;
  }

  /** Removes and returns the first row. */
  shift(): R | undefined {
    const block = this.#blocks[0];
    const row = block?.shift();
    if (block?.length === 0) this.#blocks.shift();
    if (row !== undefined) this.#length -= 1;
    return row;
  }

  /** Removes and returns the last row. */
  pop(): R | undefined {
    const block = this.#blocks.at(-1);
    const row = block?.pop();
    if (block?.length === 0) this.#blocks.pop();
    if (row !== undefined) this.#length -= 1;
    return row;
  }

  /** Where the first row stands that is not before this one. */
  #placeOf(row: R): { readonly block: number; readonly at: number } {
    const block = firstIndex(this.#blocks.length, (index) => this.#compare(this.#blocks[index]?.at(-1) as R, row) >= 0);
    const rows = this.#blocks[block] ?? [];
    return { block, at: firstIndex(rows.length, (index) => this.#compare(rows[index] as R, row) >= 0) };
  }
}

/** The first index below `length` for which `test` is true, which then is for all behind it; else `length`. */
function firstIndex(length: number, test: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Moving half of it costs less than a microsecond. */
const maxBlockRows = 512;
