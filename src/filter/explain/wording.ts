import type { Combination } from '../filter.ts';

/** What is said of a subject that passes a test, and of one that does not. Both begin with a verb. */
export interface Predicates {
  readonly holds: string;
  readonly fails: string;
}

/**
 * The predicates of a combination of tests. What is said together stays together: an `any` is always in parentheses, an
 * `all` is wherever something else than a further `and` could follow.
 */
export function combinedPredicates<T extends { readonly kind: string }>(
  combination: Combination<T>,
  predicates: (each: T) => Predicates,
): Predicates {
  switch (combination.kind) {
    case 'all': {
      const holds = allOf(combination.of.map((each) => predicates(each).holds));
      return { holds, fails: `is not one that (${holds})` };
    }
    case 'any': {
      const alternatives = combination.of.map((each) => (each.kind === 'all' ? `(${predicates(each).holds})` : predicates(each).holds));
      const holds = `(${eitherOf(alternatives)})`;
      return { holds, fails: `is not one that ${holds}` };
    }
    case 'not': {
      const { holds, fails } = predicates(combination.of);
      return { holds: fails, fails: holds };
    }
    default:
      return combination satisfies never;
  }
}

/** Predicates of one subject: `has the role "actor" and the id "kiki" and does not exist`. */
export function allOf(predicates: readonly string[]): string {
  const has = 'has ';
  return predicates
    .map((each, index) => (each.startsWith(has) && predicates[index - 1]?.startsWith(has) === true ? each.slice(has.length) : each))
    .join(' and ');
}

export function eitherOf(alternatives: readonly string[]): string {
  return `either ${alternatives.join(' or ')}`;
}
