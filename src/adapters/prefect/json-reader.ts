import { filterError, type ParseContext } from '../../filter/parse/parse-context.ts';
import { describeValue } from '../../event/problem.ts';
import { isObject } from '../json-body.ts';

export type Path = readonly string[];

/** Reads the parts of a filter that came as JSON: of any kind, nothing checked. Throws BAD_FILTER. */
export class JsonReader {
  constructor(private readonly context: ParseContext) {}

  /** The fields of an object that has no others than these; none when it is left out. */
  object(input: unknown, path: Path, keys: readonly string[]): Readonly<Record<string, unknown>> {
    if (input === undefined || input === null) return {};
    if (!isObject(input)) throw filterError(path, `expected an object, got ${describeValue(input)}`);
    const other = Object.keys(input).find((key) => !keys.includes(key));
    if (other !== undefined) throw filterError([...path, other.slice(0, 60)], `expected nothing but ${keys.join(', ')}`);
    return input;
  }

  text(input: unknown, path: Path): string | null {
    if (input === undefined || input === null) return null;
    if (typeof input !== 'string') throw filterError(path, `expected a string, got ${describeValue(input)}`);
    return input;
  }

  /** What is made of a list of texts; nothing of one that is left out or empty. */
  list<C>(input: unknown, path: Path, make: (values: readonly string[]) => C): readonly C[] {
    const values = this.array(input, path).map((value, index) => textOf(value, [...path, String(index)]));
    return values.length === 0 ? [] : this.context.clause(values, path, (given) => make(this.context.texts(given, path)));
  }

  /** What is made of each pair of texts in a list. */
  pairs<C>(input: unknown, path: Path, make: (pair: readonly [string, string]) => C): readonly C[] {
    return this.context.clauses(this.array(input, path), path, (pair, at) => {
      const [one, other, ...others] = this.array(pair, at).map((value, index) => textOf(value, [...at, String(index)]));
      if (one === undefined || other === undefined || others.length > 0)
        throw filterError(at, `expected a pair of strings, got ${describeValue(pair)}`);
      return make([this.context.text(one, at), this.context.text(other, at)]);
    });
  }

  /** One of these values, the first when it is left out. */
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

function textOf(value: unknown, path: Path): string {
  if (typeof value !== 'string') throw filterError(path, `expected a string, got ${describeValue(value)}`);
  return value;
}
