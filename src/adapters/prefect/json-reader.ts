import { describeValue } from '../../event/problem.ts';
import { filterError, type ParseContext } from '../../filter/parse/parse-context.ts';
import { isJsonObject } from '../../json/exact-number.ts';

export type Path = readonly string[];

/** Reads the parts of a filter from unchecked JSON. Throws BAD_FILTER. */
export class JsonReader {
  constructor(private readonly context: ParseContext) {}

  /** The fields of an object that has only these keys; none if it is absent. */
  object(input: unknown, path: Path, keys: readonly string[]): Readonly<Record<string, unknown>> {
    if (input === undefined || input === null) return {};
    if (!isJsonObject(input)) throw filterError(path, `expected an object, got ${describeValue(input)}`);
    const other = Object.keys(input).find((key) => !keys.includes(key));
    if (other !== undefined) throw filterError([...path, other.slice(0, 60)], `expected only the keys ${keys.join(', ')}`);
    return input;
  }

  text(input: unknown, path: Path): string | null {
    if (input === undefined || input === null) return null;
    if (typeof input !== 'string') throw filterError(path, `expected a string, got ${describeValue(input)}`);
    return input;
  }

  /** Maps a list of texts with `make`; an absent or empty list gives nothing. */
  list<C>(input: unknown, path: Path, make: (values: readonly string[]) => C): readonly C[] {
    const values = this.array(input, path).map((value, index) => textOf(value, path, index));
    return values.length === 0 ? [] : this.context.clause(values, path, (given) => make(this.context.texts(given, path)));
  }

  /** Maps each pair of texts in a list with `make`. */
  pairs<C>(input: unknown, path: Path, make: (pair: readonly [string, string]) => C): readonly C[] {
    return this.context.clauses(this.array(input, path), path, (pair, at) => {
      const [one, other, ...others] = this.array(pair, at).map((value, index) => textOf(value, at, index));
      if (one === undefined || other === undefined || others.length > 0)
        throw filterError(at, `expected a pair of strings, got ${describeValue(pair)}`);
      return make([this.context.text(one, at), this.context.text(other, at)]);
    });
  }

  /** One of two values; the first is the default. */
  oneOf<const T extends string | boolean>(input: unknown, path: Path, values: readonly [T, T]): T {
    const found = input === undefined || input === null ? values[0] : values.find((value) => value === input);
    if (found === undefined) throw filterError(path, `expected ${values.join(' or ')}, got ${describeValue(input)}`);
    return found;
  }

  private array(input: unknown, path: Path): readonly unknown[] {
    if (input === undefined || input === null) return [];
    if (!Array.isArray(input)) throw filterError(path, `expected a list, got ${describeValue(input)}`);
    return input;
  }
}

/** The path is made for an error only: a list can have a million values. */
function textOf(value: unknown, path: Path, index: number): string {
  if (typeof value !== 'string') throw filterError([...path, String(index)], `expected a string, got ${describeValue(value)}`);
  return value;
}
