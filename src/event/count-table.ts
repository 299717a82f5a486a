import { TidingsError } from '../errors.ts';
import { microsOf, secondOf, type Key } from './count-keys.ts';
import type { Instant } from './instant.ts';

/** Events with the same keys: how many, and when the first and the last occurred, in numbers, since there may be many. */
export interface Tallied {
  readonly count: number;
  readonly firstSecond: number;
  readonly firstMicros: number;
  readonly lastSecond: number;
  readonly lastMicros: number;
}

/** What was counted under one list of keys. */
export type Cell = { readonly keys: readonly Key[] } & { -readonly [Field in keyof Tallied]: Tallied[Field] };

/** So many events, of which the first and the last occurred then. */
export function tallied(count: number, firstOccurred: Instant, lastOccurred: Instant): Tallied {
  return {
    count,
    firstSecond: secondOf(firstOccurred),
    firstMicros: microsOf(firstOccurred),
    lastSecond: secondOf(lastOccurred),
    lastMicros: microsOf(lastOccurred),
  };
}

/** Counts by keys, in bounded memory: LIMIT_EXCEEDED beyond `mostCells` cells, or `mostCharacters` in their keys. */
export class CountTable {
  private readonly cells = new Map<string, Cell>();
  private characters = 0;
  /** How many events were counted, each once. */
  total = 0;

  add(keys: readonly Key[], { count, firstSecond, firstMicros, lastSecond, lastMicros }: Tallied): void {
    const name = keys.length === 1 && typeof keys[0] === 'string' ? keys[0] : `\0${JSON.stringify(keys)}`;
    const cell = this.cells.get(name);
    if (cell === undefined) {
      this.characters += name.length;
      if (this.cells.size >= mostCells || this.characters > mostCharacters) throw tooMany();
      this.cells.set(name, { keys, count, firstSecond, firstMicros, lastSecond, lastMicros });
      return;
    }
    cell.count += count;
    if (firstSecond < cell.firstSecond || (firstSecond === cell.firstSecond && firstMicros < cell.firstMicros)) {
      cell.firstSecond = firstSecond;
      cell.firstMicros = firstMicros;
    }
    if (lastSecond > cell.lastSecond || (lastSecond === cell.lastSecond && lastMicros > cell.lastMicros)) {
      cell.lastSecond = lastSecond;
      cell.lastMicros = lastMicros;
    }
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
