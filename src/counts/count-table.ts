import { TidingsError } from '../errors.ts';
import { microsOf, secondOf, type Instant } from '../event/instant.ts';
import type { Key } from './bucket-keys.ts';

/** Events with the same keys: how many, and when the first and the last occurred, in numbers, since there may be many. */
export interface GroupStats {
  readonly count: number;
  readonly firstSecond: number;
  readonly firstMicros: number;
  readonly lastSecond: number;
  readonly lastMicros: number;
}

/** What was counted under one list of keys. */
export interface Group extends GroupStats {
  readonly keys: readonly Key[];
}

/** So many events, of which the first and the last occurred then. */
export function groupStats(count: number, firstOccurred: Instant, lastOccurred: Instant): GroupStats {
  return {
    count,
    firstSecond: secondOf(firstOccurred),
    firstMicros: microsOf(firstOccurred),
    lastSecond: secondOf(lastOccurred),
    lastMicros: microsOf(lastOccurred),
  };
}

/**
 * Counts by keys, in bounded memory: LIMIT_EXCEEDED beyond `mostCells` cells, or `mostCharacters` in their keys. One array
 * of numbers, not an object for each cell, since there may be hundreds of thousands.
 */
export class CountTable {
  private readonly indexByName = new Map<string, number>();
  private readonly keys: (string | readonly Key[])[] = [];
  /** Five for each cell: what is tallied, in the order of `Tallied`. */
  private numbers = new Float64Array(5 * 1024);
  private characters = 0;
  /** How many events were counted, each once. */
  total = 0;

  add(keys: readonly Key[], stats: GroupStats): void {
    if (keys.length === 1 && typeof keys[0] === 'string') this.addText(keys[0], stats);
    else this.addByName(`\0${JSON.stringify(keys)}`, keys, stats);
  }

  /** The same for one key that is a text, of which there may be very many. */
  addText(key: string, stats: GroupStats): void {
    this.addByName(key, key, stats);
  }

  get size(): number {
    return this.keys.length;
  }

  all(): readonly Group[] {
    return this.keys.map((_, index) => this.group(index));
  }

  /** At least the `wanted` cells with the largest counts, in no order: of very many, most are then never made. */
  largest(minGroups: number): readonly Group[] {
    const countOf = (index: number): number => Math.min(this.numbers[5 * index] ?? 0, maxRankedCount);
    const groupsWithCount = new Uint32Array(maxRankedCount + 1);
    for (let index = 0; index < this.size; index += 1) groupsWithCount[countOf(index)] = (groupsWithCount[countOf(index)] ?? 0) + 1;
    let minCount = maxRankedCount;
    for (let sum = groupsWithCount[minCount] ?? 0; sum < minGroups && minCount > 0; sum += groupsWithCount[minCount] ?? 0) minCount -= 1;
    const groups: Group[] = [];
    for (let index = 0; index < this.size; index += 1) if (countOf(index) >= minCount) groups.push(this.group(index));
    return groups;
  }

  private group(index: number): Group {
    const { numbers } = this;
    const keys = this.keys[index] ?? [];
    const at = 5 * index;
    return {
      keys: typeof keys === 'string' ? [keys] : keys,
      count: numbers[at] ?? 0,
      firstSecond: numbers[at + 1] ?? 0,
      firstMicros: numbers[at + 2] ?? 0,
      lastSecond: numbers[at + 3] ?? 0,
      lastMicros: numbers[at + 4] ?? 0,
    };
  }

  private addByName(name: string, keys: string | readonly Key[], stats: GroupStats): void {
    const index = this.indexByName.get(name);
    if (index === undefined) {
      this.insert(name, keys, stats);
      return;
    }
    const { numbers } = this;
    const at = 5 * index;
    numbers[at] = (numbers[at] ?? 0) + stats.count;
    const first = numbers[at + 1] ?? Infinity;
    if (stats.firstSecond < first || (stats.firstSecond === first && stats.firstMicros < (numbers[at + 2] ?? 0))) {
      numbers[at + 1] = stats.firstSecond;
      numbers[at + 2] = stats.firstMicros;
    }
    const last = numbers[at + 3] ?? -Infinity;
    if (stats.lastSecond > last || (stats.lastSecond === last && stats.lastMicros > (numbers[at + 4] ?? 0))) {
      numbers[at + 3] = stats.lastSecond;
      numbers[at + 4] = stats.lastMicros;
    }
  }

  private insert(name: string, keys: string | readonly Key[], stats: GroupStats): void {
    this.characters += name.length;
    if (this.keys.length >= maxGroups || this.characters > maxKeyCharacters) throw tooManyGroups();
    const at = 5 * this.keys.length;
    if (at === this.numbers.length) {
      const more = new Float64Array(2 * at);
      more.set(this.numbers);
      this.numbers = more;
    }
    this.numbers[at] = stats.count;
    this.numbers[at + 1] = stats.firstSecond;
    this.numbers[at + 2] = stats.firstMicros;
    this.numbers[at + 3] = stats.lastSecond;
    this.numbers[at + 4] = stats.lastMicros;
    this.indexByName.set(name, this.keys.length);
    this.keys.push(keys);
  }
}

function tooManyGroups(): TidingsError {
  return new TidingsError(
    'LIMIT_EXCEEDED',
    `by: expected at most ${maxGroups} different keys, of ${maxKeyCharacters} characters in all, got more; count fewer events, or by fewer segments or coarser times`,
    { path: ['by'] },
  );
}

/** About 100 MB. */
const maxGroups = 500_000;
/** Counts beyond are taken for alike when the largest are looked for. */
const maxRankedCount = 4096;
const maxKeyCharacters = 50_000_000;
