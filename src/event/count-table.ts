import { TidingsError } from '../errors.ts';
import type { Key } from './count-keys.ts';
import type { Instant } from './instant.ts';

/** What was counted under one list of keys. */
export interface Cell {
  readonly keys: readonly Key[];
  count: number;
  firstOccurred: Instant;
  lastOccurred: Instant;
}

/** Events with the same keys. */
export interface Tallied {
  readonly count: number;
  readonly firstOccurred: Instant;
  readonly lastOccurred: Instant;
}

/** Counts by keys, in bounded memory: LIMIT_EXCEEDED beyond `mostCells` cells, or `mostCharacters` in their keys. */
export class CountTable {
  private readonly cells = new Map<string, Cell>();
  private characters = 0;
  /** How many events were counted, each once. */
  total = 0;

  add(keys: readonly Key[], { count, firstOccurred, lastOccurred }: Tallied): void {
    const name = keys.length === 1 && typeof keys[0] === 'string' ? keys[0] : `\0${JSON.stringify(keys)}`;
    const cell = this.cells.get(name);
    if (cell === undefined) {
      this.characters += name.length;
      if (this.cells.size >= mostCells || this.characters > mostCharacters) throw tooMany();
      this.cells.set(name, { keys, count, firstOccurred, lastOccurred });
      return;
    }
    cell.count += count;
    if (firstOccurred < cell.firstOccurred) cell.firstOccurred = firstOccurred;
    if (lastOccurred > cell.lastOccurred) cell.lastOccurred = lastOccurred;
  }

  get size(): number {
    return this.cells.size;
  }

  all(): readonly Cell[] {
    return [...this.cells.values()];
  }
}

function tooMany(): TidingsError {
  return new TidingsError(
    'LIMIT_EXCEEDED',
    `by: expected at most ${mostCells} different keys, of ${mostCharacters} characters in all, got more; count fewer events, or by fewer segments or coarser times`,
    { path: ['by'] },
  );
}

/** About 100 MB. */
const mostCells = 500_000;
const mostCharacters = 50_000_000;
