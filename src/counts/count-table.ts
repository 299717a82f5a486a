import { TidingsError } from '../errors.ts';
import { microsOf, secondOf, type Instant } from '../event/instant.ts';
import type { Key } from './bucket-keys.ts';

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
 * Counts by keys, in bounded memory: LIMIT_EXCEEDED beyond `mostCells` cells, or `mostCharacters` in their keys. One array
 * of numbers, not an object for each cell, since there may be hundreds of thousands.
 */
export class CountTable {
  private readonly places = new Map<string, number>();
  private readonly keys: (string | readonly Key[])[] = [];
  /** Five for each cell: what is tallied, in the order of `Tallied`. */
  private numbers = new Float64Array(5 * 1024);
  private characters = 0;
  /** How many events were counted, each once. */
  total = 0;

  add(keys: readonly Key[], tally: Tallied): void {
    if (keys.length === 1 && typeof keys[0] === 'string') this.addText(keys[0], tally);
    else this.addNamed(`\0${JSON.stringify(keys)}`, keys, tally);
  }

  /** The same for one key that is a text, of which there may be very many. */
  addText(key: string, tally: Tallied): void {
    this.addNamed(key, key, tally);
  }

  get size(): number {
    return this.keys.length;
  }

  all(): readonly Cell[] {
    return this.keys.map((_, place) => this.cell(place));
  }

  /** At least the `wanted` cells with the largest counts, in no order: of very many, most are then never made. */
  most(wanted: number): readonly Cell[] {
    const countOf = (place: number): number => Math.min(this.numbers[5 * place] ?? 0, mostTold);
    const cellsWith = new Uint32Array(mostTold + 1);
    for (let place = 0; place < this.size; place += 1) cellsWith[countOf(place)] = (cellsWith[countOf(place)] ?? 0) + 1;
    let least = mostTold;
    for (let sum = cellsWith[least] ?? 0; sum < wanted && least > 0; sum += cellsWith[least] ?? 0) least -= 1;
    const found: Cell[] = [];
    for (let place = 0; place < this.size; place += 1) if (countOf(place) >= least) found.push(this.cell(place));
    return found;
  }

  private cell(place: number): Cell {
    const { numbers } = this;
    const keys = this.keys[place] ?? [];
    const at = 5 * place;
    return {
      keys: typeof keys === 'string' ? [keys] : keys,
      count: numbers[at] ?? 0,
      firstSecond: numbers[at + 1] ?? 0,
      firstMicros: numbers[at + 2] ?? 0,
      lastSecond: numbers[at + 3] ?? 0,
      lastMicros: numbers[at + 4] ?? 0,
    };
  }

  private addNamed(name: string, keys: string | readonly Key[], tally: Tallied): void {
    const place = this.places.get(name);
    if (place === undefined) {
      this.begin(name, keys, tally);
      return;
    }
    const { numbers } = this;
    const at = 5 * place;
    numbers[at] = (numbers[at] ?? 0) + tally.count;
    const first = numbers[at + 1] ?? Infinity;
    if (tally.firstSecond < first || (tally.firstSecond === first && tally.firstMicros < (numbers[at + 2] ?? 0))) {
      numbers[at + 1] = tally.firstSecond;
      numbers[at + 2] = tally.firstMicros;
    }
    const last = numbers[at + 3] ?? -Infinity;
    if (tally.lastSecond > last || (tally.lastSecond === last && tally.lastMicros > (numbers[at + 4] ?? 0))) {
      numbers[at + 3] = tally.lastSecond;
      numbers[at + 4] = tally.lastMicros;
    }
  }

  private begin(name: string, keys: string | readonly Key[], tally: Tallied): void {
    this.characters += name.length;
    if (this.keys.length >= mostCells || this.characters > mostCharacters) throw tooMany();
    const at = 5 * this.keys.length;
    if (at === this.numbers.length) {
      const more = new Float64Array(2 * at);
      more.set(this.numbers);
      this.numbers = more;
    }
    this.numbers[at] = tally.count;
    this.numbers[at + 1] = tally.firstSecond;
    this.numbers[at + 2] = tally.firstMicros;
    this.numbers[at + 3] = tally.lastSecond;
    this.numbers[at + 4] = tally.lastMicros;
    this.places.set(name, this.keys.length);
    this.keys.push(keys);
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
/** Counts beyond are taken for alike when the largest are looked for. */
const mostTold = 4096;
const mostCharacters = 50_000_000;
