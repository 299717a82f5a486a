import { TidingsError } from '../../errors.ts';
import { parseInstant, type Instant } from '../../event/instant.ts';
import { lengthUpTo, unstorableReason } from '../../event/text.ts';
import { everything, type Combination } from '../filter.ts';

/**
 * The largest filter that is accepted. Nodes are the fields, operators, entries and steps `*` that
 * are given.
 */
export interface FilterBounds {
  readonly filterNodes: number;
  readonly filterDepth: number;
  readonly filterListLength: number;
}

type Path = readonly string[];

/**
 * State shared by the parsers of one filter: counts its size, checks texts and lists, and throws
 * errors with their path.
 */
export class ParseContext {
  private nodes = 0;
  private values = 0;
  private globCharacters = 0;
  private characters = 0;
  private pathSteps = 0;

  /** `checkPart` sees each parsed part of the filter; an empty list is a part that always holds. */
  constructor(
    private readonly rootPath: Path,
    private readonly bounds: FilterBounds,
    private readonly checkPart: (part: unknown, path: Path) => void = () => undefined,
  ) {}

  /** Parses one part of the filter as a node. Returns an empty list if it is left out or null. */
  clause<T, C>(input: T | null | undefined, path: Path, parse: (input: T, path: Path) => C): readonly C[] {
    if (input === undefined || input === null) return [];
    this.addNodes(1);
    return [this.checked(parse(input, path), path)];
  }

  /** Parses each entry of a list as a node. */
  clauses<T, C>(inputs: readonly T[] | null | undefined, path: Path, parse: (input: T, path: Path) => C): readonly C[] {
    if (inputs === undefined || inputs === null) return [];
    this.checkLength(inputs, path);
    this.addNodes(inputs.length);
    if (inputs.length === 0) this.checkPart(everything, path);
    return inputs.map((input, index) => {
      const at = [...path, String(index)];
      return this.checked(parse(input, at), at);
    });
  }

  checked<C>(part: C, path: Path): C {
    this.checkPart(part, path);
    return part;
  }

  texts(values: readonly string[], path: Path): readonly string[] {
    this.checkLength(values, path);
    values.forEach((value, index) => this.text(value, [...path, String(index)]));
    return values;
  }

  text(value: string, path: Path): string {
    this.addCharacters(value.length);
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

  globs(globs: readonly string[], path: Path): readonly string[] {
    this.texts(globs, path).forEach((glob, index) => this.glob(glob, [...path, String(index)]));
    return globs;
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

  /** Counts the length of texts and of payload values as JSON. */
  addCharacters(added: number): void {
    this.characters += added;
    if (this.characters > maxCharacters)
      throw filterError(this.rootPath, `expected a filter of at most ${maxCharacters} characters in all its values, got more`);
  }

  addPathSteps(added: number): void {
    this.pathSteps += added;
    if (this.pathSteps > maxPathSteps)
      throw filterError(this.rootPath, `expected at most ${maxPathSteps} steps in all payload paths of a filter, got more`);
  }

  addNodes(added: number): void {
    this.nodes += added;
    const maxNodes = this.bounds.filterNodes;
    if (this.nodes > maxNodes) throw filterError(this.rootPath, `expected a filter of at most ${maxNodes} nodes, got more`);
  }
}

/** A conjunction; the part itself if there is only one. */
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

/**
 * Matching a glob takes at most its length times that of the text. These bounds keep that to
 * milliseconds.
 */
const maxGlobLength = 1024;
const maxGlobCharacters = 16_384;
/**
 * Ten lists of the default maximum length. Parsing such a filter and writing its SQL takes
 * milliseconds.
 */
const maxValues = 10_000;
/** Parsing, canonical form, pruning and SQL take some 10 ms for each million characters. */
const maxCharacters = 1_000_000;
/** Each step of a path is an operator of the SQL. A filter of 500 nodes has at most 166 paths. */
const maxPathSteps = 4000;
