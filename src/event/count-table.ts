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
export interface Cell extends Tallied {
  readonly keys: readonly Key[];
}

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

/**
 * Counts by keys, in bounded memory: LIMIT_EXCEEDED beyond `mostCells` cells, or `mostCharacters` in their keys. Columns of
 * numbers, not an object for each cell, since there may be hundreds of thousands.
 */
export class CountTable {
  private readonly places = new Map<string, number>();
  private readonly keys: (readonly Key[])[] = [];
  private readonly counts: number[] = [];
  private readonly firstSeconds: number[] = [];
  private readonly firstMicros: number[] = [];
  private readonly lastSeconds: number[] = [];
  private readonly lastMicros: number[] = [];
  private characters = 0;
  /** How many events were counted, each once. */
  total = 0;

  add(keys: readonly Key[], { count, firstSecond, firstMicros, lastSecond, lastMicros }: Tallied): void {
    const name = keys.length === 1 && typeof keys[0] === 'string' ? keys[0] : `\0${JSON.stringify(keys)}`;
    const place = this.places.get(name);
    if (place === undefined) {
      this.characters += name.length;
      if (this.places.size >= mostCells || this.characters > mostCharacters) throw tooMany();
      this.places.set(name, this.keys.length);
      this.keys.push(keys);
      this.counts.push(count);
      this.firstSeconds.push(firstSecond);
      this.firstMicros.push(firstMicros);
      this.lastSeconds.push(lastSecond);
      this.lastMicros.push(lastMicros);
      return;
    }
    this.counts[place] = (this.counts[place] ?? 0) + count;
    const first = this.firstSeconds[place] ?? Infinity;
    if (firstSecond < first || (firstSecond === first && firstMicros < (this.firstMicros[place] ?? 0))) {
      this.firstSeconds[place] = firstSecond;
      this.firstMicros[place] = firstMicros;
    }
    const last = this.lastSeconds[place] ?? -Infinity;
    if (lastSecond > last || (lastSecond === last && lastMicros > (this.lastMicros[place] ?? 0))) {
      this.lastSeconds[place] = lastSecond;
      this.lastMicros[place] = lastMicros;
    }
  }

  get size(): number {
    return this.keys.length;
  }

  all(): readonly Cell[] {
    return this.keys.map((keys, place) => ({
      keys,
      count: this.counts[place] ?? 0,
      firstSecond: this.firstSeconds[place] ?? 0,
      firstMicros: this.firstMicros[place] ?? 0,
      lastSecond: this.lastSeconds[place] ?? 0,
      lastMicros: this.lastMicros[place] ?? 0,
    }));
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
