import type { Combination } from '../filter.ts';
import type { NameFilterInput } from './filter-input.ts';
import { allOf, not, type ParseContext } from './parse-context.ts';

/** Makes the including operators of a name filter into tests of a name, or of an id. */
export interface NameTests<T> {
  readonly oneOf: (values: readonly string[]) => T;
  readonly startsWith: (prefixes: readonly string[]) => T;
  readonly like: (globs: readonly string[]) => T;
}

/** Returns the parser of name filters. Each excluding operator is the complement of its including one. */
export function nameFilterParser<T>(context: ParseContext, tests: NameTests<T>) {
  const oneOf = (values: readonly string[], path: readonly string[]): T => tests.oneOf(context.texts(values, path));
  const startsWith = (prefixes: readonly string[], path: readonly string[]): T => tests.startsWith(context.texts(prefixes, path));
  const like = (globs: readonly string[], path: readonly string[]): T => tests.like(context.globs(globs, path));
  return (input: NameFilterInput, path: readonly string[]) =>
    allOf<T | Combination<T>>([
      context.clause(input.in, [...path, 'in'], oneOf),
      context.clause(input.startsWith, [...path, 'startsWith'], startsWith),
      context.clause(input.like, [...path, 'like'], like),
      context.clause(input.notIn, [...path, 'notIn'], (values, at) => not(oneOf(values, at))),
      context.clause(input.notStartsWith, [...path, 'notStartsWith'], (prefixes, at) => not(startsWith(prefixes, at))),
      context.clause(input.notLike, [...path, 'notLike'], (globs, at) => not(like(globs, at))),
    ]);
}
