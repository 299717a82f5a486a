import { TidingsError } from '../errors.ts';
import { microsOf, secondOf, type Instant } from '../event/instant.ts';
import type { Key } from './bucket-keys.ts';

/**
 * The count of a group, and the times of its first and last event as numbers: there can be very
 * many groups.
 */
export interface GroupStats {
  readonly count: number;
  readonly firstSecond: number;
  readonly firstMicros: number;
  readonly lastSecond: number;
  readonly lastMicros: number;
}

/** The events with one list of keys. */
export interface Group extends GroupStats {
  readonly keys: readonly Key[];
}

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
 * Counts events by keys in bounded memory. Throws LIMIT_EXCEEDED beyond `maxGroups` groups or
 * `maxKeyCharacters` in their keys. Stores numbers in one array instead of an object a group,
 * because there can be hundreds of thousands.
 */
export class CountTable {
  private readonly indexByName = new Map<string, number>();
  private readonly keys: (string | readonly Key[])[] = [];
  /** Five a group, in the order of `GroupStats`. */
  private numbers = new Float64Array(5 * 1024);
  private characters = 0;
  /** Number of events, each counted once. */
  total = 0;

  add(keys: readonly Key[], stats: GroupStats): void {
    if (keys.length === 1 && typeof keys[0] === 'string') this.addText(keys[0], stats);
    else this.addByName(`\0${JSON.stringify(keys)}`, keys, stats);
  }

  /** `add` for a single text key: avoids building a list and a name for each of very many keys. */
  addText(key: string, stats: GroupStats): void {
    this.addByName(key, key, stats);
  }

  get size(): number {
    return this.keys.length;
  }

  all(): readonly Group[] {
    return this.keys.map((_, index) => this.group(index));
  }

  /**
   * At least the `minGroups` groups with the largest counts, unordered. Builds no objects for the
   * others.
   */
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

/** About 100 MB together with their keys. Beyond, a count fails. */
const maxGroups = 500_000;
const maxKeyCharacters = 50_000_000;
/** The top-n selection treats counts above this limit as equal. */
const maxRankedCount = 4096;
