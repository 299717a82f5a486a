import type { Combination } from '../filter.ts';
import { lengthUpTo } from '../../event/text.ts';

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

/** A text in quotes, as JSON has it, so that nothing in it is taken for a word around it; a long one is cut. */
export function quoted(text: string): string {
  return JSON.stringify(cut(text));
}

/** A JSON value; a long one is cut. */
export function quotedJson(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : cut(JSON.stringify(value));
}

/** What a list of alternatives is called: `"a"`, `one of "a" and "b"`, `one of "a", "b", "c" and 997 more`. */
export function oneOf(values: readonly string[]): string {
  const [value, second] = values;
  return value !== undefined && second === undefined ? value : `one of ${listed(values)}`;
}

/** The complement of `oneOf` after "is": `not "a"`, `none of "a" and "b"`. */
export function noneOf(values: readonly string[]): string {
  const [value, second] = values;
  return value !== undefined && second === undefined ? `not ${value}` : `none of ${listed(values)}`;
}

/** The first few of several; an empty list says so, since it is easily given by mistake. */
export function listed(values: readonly string[]): string {
  if (values.length === 0) return 'an empty list';
  if (values.length <= mostShownWhole) return `${values.slice(0, -1).join(', ')} and ${values.slice(-1).join('')}`;
  return `${values.slice(0, fewShown).join(', ')} and ${values.length - fewShown} more`;
}

/** Up to so many values are shown; of more than that, only a few. */
const mostShownWhole = 5;
const fewShown = 3;
const mostCharacters = 60;

function cut(text: string): string {
  if (lengthUpTo(mostCharacters, text) <= mostCharacters) return text;
  // A character has at most two code units, so none that is kept is cut in two.
  const kept = Array.from(text.slice(0, 2 * mostCharacters)).slice(0, mostCharacters);
  return `${kept.join('')}…`;
}
