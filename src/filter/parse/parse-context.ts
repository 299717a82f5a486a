import { TidingsError } from '../../errors.ts';
import type { Combination } from '../filter.ts';
import { parseInstant, type Instant } from '../../event/instant.ts';
import { lengthUpTo, unstorable } from '../../event/text.ts';

/** How large one filter may be: nodes are fields, operators and entries that say something. */
export interface FilterBounds {
  readonly filterNodes: number;
  readonly filterDepth: number;
  readonly filterListLength: number;
}

type Path = readonly string[];

/** What the parsers of all parts of a filter share: counting, checking lists and naming the place of what is wrong. */
export class FilterReader {
  private nodes = 0;
  private values = 0;
  private globCharacters = 0;

  constructor(
    private readonly root: Path,
    private readonly bounds: FilterBounds,
  ) {}

  /** One part of the filter: nothing when left out (null is the same), else one node more. */
  part<T, C>(input: T | null | undefined, path: Path, read: (input: T, path: Path) => C): readonly C[] {
    if (input === undefined || input === null) return [];
    this.count(1);
    return [read(input, path)];
  }

  /** A part for each entry of a list. */
  parts<T, C>(inputs: readonly T[] | null | undefined, path: Path, read: (input: T, path: Path) => C): readonly C[] {
    if (inputs === undefined || inputs === null) return [];
    this.checkLength(inputs, path);
    this.count(inputs.length);
    return inputs.map((input, index) => read(input, [...path, String(index)]));
  }

  texts(values: readonly string[], path: Path): readonly string[] {
    this.checkLength(values, path);
    values.forEach((value, index) => this.text(value, [...path, String(index)]));
    return values;
  }

  text(value: string, path: Path): string {
    const reason = unstorable(value);
    if (reason !== null) throw bad(path, `the string has ${reason}`);
    return value;
  }

  instant(text: string | null | undefined, path: Path): Instant | undefined {
    if (text === undefined || text === null) return undefined;
    const instant = parseInstant(text);
    if (instant !== null) return instant;
    throw bad(path, `expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got ${JSON.stringify(text)}`);
  }

  glob(glob: string, path: Path): void {
    if (lengthUpTo(longestGlob, glob) > longestGlob) throw bad(path, `expected a glob of at most ${longestGlob} characters, got more`);
    this.globCharacters += glob.length;
    if (this.globCharacters > mostGlobCharacters) {
      throw bad(this.root, `expected at most ${mostGlobCharacters} characters in all globs of a filter, got more`);
    }
  }

  checkLength(values: readonly unknown[], path: Path): void {
    const most = this.bounds.filterListLength;
    if (values.length > most) throw bad(path, `expected at most ${most} values in one list, got ${values.length}`);
    this.values += values.length;
    if (this.values > mostValues) throw bad(this.root, `expected a filter of at most ${mostValues} values in all its lists, got more`);
  }

  checkDepth(depth: number, path: Path): void {
    const most = this.bounds.filterDepth;
    if (depth > most) throw bad(path, `expected a filter of at most ${most} levels, got more`);
  }

  private count(more: number): void {
    this.nodes += more;
    const most = this.bounds.filterNodes;
    if (this.nodes > most) throw bad(this.root, `expected a filter of at most ${most} nodes, got more`);
  }
}

export function allOf<T>(parts: readonly (readonly T[])[]): T | Combination<T> {
  const of = parts.flat();
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
}

export function not<T>(of: T): Combination<T> {
  return { kind: 'not', of };
}

export function bad(path: Path, expectation: string): TidingsError {
  return new TidingsError('BAD_FILTER', `${path.join('.')}: ${expectation}`, { path });
}

/** Finding a glob takes at most its length times that of the text, which these keep bearable. */
const longestGlob = 1024;
const mostGlobCharacters = 16_384;
/** Ten of the longest lists: a filter is read, and turned into SQL, in milliseconds. */
const mostValues = 10_000;
