import { TidingsError } from '../../errors.ts';
import type { Combination } from '../filter.ts';
import { parseInstant, type Instant } from '../../event/instant.ts';
import { lengthUpTo, unstorableReason } from '../../event/text.ts';

/** How large one filter may be: nodes are fields, operators and entries that say something. */
export interface FilterBounds {
  readonly filterNodes: number;
  readonly filterDepth: number;
  readonly filterListLength: number;
}

type Path = readonly string[];

/** What the parsers of all parts of a filter share: counting, checking lists and naming the place of what is wrong. */
export class ParseContext {
  private nodes = 0;
  private values = 0;
  private globCharacters = 0;

  constructor(
    private readonly rootPath: Path,
    private readonly bounds: FilterBounds,
  ) {}

  /** One part of the filter: nothing when left out (null is the same), else one node more. */
  clause<T, C>(input: T | null | undefined, path: Path, parse: (input: T, path: Path) => C): readonly C[] {
    if (input === undefined || input === null) return [];
    this.addNodes(1);
    return [parse(input, path)];
  }

  /** A part for each entry of a list. */
  clauses<T, C>(inputs: readonly T[] | null | undefined, path: Path, parse: (input: T, path: Path) => C): readonly C[] {
    if (inputs === undefined || inputs === null) return [];
    this.checkLength(inputs, path);
    this.addNodes(inputs.length);
    return inputs.map((input, index) => parse(input, [...path, String(index)]));
  }

  texts(values: readonly string[], path: Path): readonly string[] {
    this.checkLength(values, path);
    values.forEach((value, index) => this.text(value, [...path, String(index)]));
    return values;
  }

  text(value: string, path: Path): string {
    const reason = unstorableReason(value);
    if (reason !== null) throw filterError(path, `the string has ${reason}`);
    return value;
  }

  instant(text: string | null | undefined, path: Path): Instant | undefined {
    if (text === undefined || text === null) return undefined;
    const instant = parseInstant(text);
    if (instant !== null) return instant;
    throw filterError(path, `expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got ${JSON.stringify(text)}`);
  }

  glob(glob: string, path: Path): void {
    if (lengthUpTo(maxGlobLength, glob) > maxGlobLength)
      throw filterError(path, `expected a glob of at most ${maxGlobLength} characters, got more`);
    this.globCharacters += glob.length;
    if (this.globCharacters > maxGlobCharacters) {
      throw filterError(this.rootPath, `expected at most ${maxGlobCharacters} characters in all globs of a filter, got more`);
    }
  }

  checkLength(values: readonly unknown[], path: Path): void {
    const maxLength = this.bounds.filterListLength;
    if (values.length > maxLength) throw filterError(path, `expected at most ${maxLength} values in one list, got ${values.length}`);
    this.values += values.length;
    if (this.values > maxValues)
      throw filterError(this.rootPath, `expected a filter of at most ${maxValues} values in all its lists, got more`);
  }

  checkDepth(depth: number, path: Path): void {
    const maxDepth = this.bounds.filterDepth;
    if (depth > maxDepth) throw filterError(path, `expected a filter of at most ${maxDepth} levels, got more`);
  }

  private addNodes(added: number): void {
    this.nodes += added;
    const maxNodes = this.bounds.filterNodes;
    if (this.nodes > maxNodes) throw filterError(this.rootPath, `expected a filter of at most ${maxNodes} nodes, got more`);
  }
}

export function allOf<T>(clauses: readonly (readonly T[])[]): T | Combination<T> {
  const of = clauses.flat();
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
}

export function not<T>(of: T): Combination<T> {
  return { kind: 'not', of };
}

export function filterError(path: Path, expectation: string): TidingsError {
  return new TidingsError('BAD_FILTER', `${path.join('.')}: ${expectation}`, { path });
}

/** Finding a glob takes at most its length times that of the text, which these keep bearable. */
const maxGlobLength = 1024;
const maxGlobCharacters = 16_384;
/** Ten of the longest lists: a filter is read, and turned into SQL, in milliseconds. */
const maxValues = 10_000;
