import { TidingsError } from '../errors.ts';
import { microsOf, secondOf, type Instant } from '../event/instant.ts';
import { hashText, mix } from '../skip-index/bloom-filter.ts';
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

/** One of `count` parts of all groups, by a hash of their keys. */
export interface GroupPart {
  readonly index: number;
  readonly count: number;
}

export interface CountTableOptions {
  /** Ignores the groups of other parts; `total` counts all events. */
  readonly part?: GroupPart;
  /** Beyond `maxGroups`, it keeps only the first part of the groups, of twice as many parts. */
  readonly divides?: boolean;
  readonly maxGroups?: number;
}

/**
 * Counts events by keys in bounded memory. Throws LIMIT_EXCEEDED beyond `maxGroups` groups or
 * `maxKeyCharacters` in their keys, unless it divides. Stores numbers in one array instead of an
 * object a group, because there can be hundreds of thousands.
 */
export class CountTable {
  private readonly indexByName = new Map<string, number>();
  private readonly keys: (string | readonly Key[])[] = [];
  /** Five a group, in the order of `GroupStats`. */
  private numbers = new Float64Array(5 * 1024);
  private characters = 0;
  /** Number of events, each counted once. */
  total = 0;
  /** Groups that the table does not have. */
  omitted = 0;
  private readonly index: number;
  private parts: number;
  private readonly divides: boolean;
  private readonly maxGroups: number;

  constructor({ part = { index: 0, count: 1 }, divides = false, maxGroups = defaultMaxGroups }: CountTableOptions = {}) {
    this.index = part.index;
    this.parts = part.count;
    this.divides = divides;
    this.maxGroups = maxGroups;
  }

  /** The number of parts of which this table has one. */
  get partCount(): number {
    return this.parts;
  }

  add(keys: readonly Key[], stats: GroupStats): void {
    if (keys.length === 1 && typeof keys[0] === 'string') this.addText(keys[0], stats);
    else this.addByName(`\0${JSON.stringify(keys)}`, keys, stats);
  }

  /** `add` for a single text key: avoids building a list and a name for each of very many keys. */
  addText(key: string, stats: GroupStats): void {
    this.addByName(key, key, stats);
  }

  get size(): number {
    return this.keys.length + this.omitted;
  }

  addGroup({ keys, ...stats }: Group): void {
    this.add(keys, stats);
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
    for (let index = 0; index < this.keys.length; index += 1) groupsWithCount[countOf(index)] = (groupsWithCount[countOf(index)] ?? 0) + 1;
    let minCount = maxRankedCount;
    for (let sum = groupsWithCount[minCount] ?? 0; sum < minGroups && minCount > 0; sum += groupsWithCount[minCount] ?? 0) minCount -= 1;
    const groups: Group[] = [];
    for (let index = 0; index < this.keys.length; index += 1) if (countOf(index) >= minCount) groups.push(this.group(index));
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
    if (this.parts > 1 && partOf(name, this.parts) !== this.index) return;
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

  /** Keeps half of the groups. */
  private divide(): void {
    this.parts *= 2;
    const groups = Array.from(this.indexByName).flatMap(([name, index]) =>
      partOf(name, this.parts) === this.index ? [{ name, keys: this.keys[index] ?? [], stats: this.group(index) }] : [],
    );
    this.indexByName.clear();
    this.keys.length = 0;
    this.characters = 0;
    for (const { name, keys, stats } of groups) this.insert(name, keys, stats);
  }

  private insert(name: string, keys: string | readonly Key[], stats: GroupStats): void {
    // With a margin, since parts differ in size.
    const maxCharacters = this.divides ? 0.9 * maxKeyCharacters : maxKeyCharacters;
    if (this.keys.length >= this.maxGroups || this.characters + name.length > maxCharacters) {
      if (!this.divides || this.parts >= maxParts) throw tooManyGroups();
      this.divide();
      this.addByName(name, keys, stats);
      return;
    }
    this.characters += name.length;
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

/** Mixed, since parts are the low bits of the hash. */
function partOf(name: string, parts: number): number {
  return mix(hashText(hashStart, name)) & (parts - 1);
}

function tooManyGroups(): TidingsError {
  return new TidingsError(
    'LIMIT_EXCEEDED',
    `by: expected at most ${defaultMaxGroups} different keys, of ${maxKeyCharacters} characters in all, got more; count fewer events, or by fewer segments or coarser times`,
    { path: ['by'] },
  );
}

/** About 100 MB together with their keys. Beyond, a count fails. */
const defaultMaxGroups = 500_000;
const maxKeyCharacters = 50_000_000;
/** The top-n selection treats counts above this limit as equal. */
const maxRankedCount = 4096;
const hashStart = 0x811c9dc5;
/** Each part is another pass over the events. */
const maxParts = 16;
