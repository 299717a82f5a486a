import { stringifyJson } from '../../json/stringify-json.ts';
import { lengthUpTo } from '../../event/text.ts';
import type { Combination } from '../filter.ts';

/**
 * The predicates of a subject that passes a test, and of one that does not. Both begin with a verb.
 */
export interface Wording {
  readonly holds: string;
  readonly fails: string;
}

/**
 * The predicates of a combination of tests. An `any` is always in parentheses; an `all` is, except
 * where only a further `and` can follow.
 */
export function combinedWording<T extends { readonly kind: string }>(
  combination: Combination<T>,
  wordingOf: (each: T) => Wording,
): Wording {
  switch (combination.kind) {
    case 'all': {
      const holds = joinPhrases(combination.of.map((each) => wordingOf(each).holds));
      return { holds, fails: `is not one that (${holds})` };
    }
    case 'any': {
      const alternatives = combination.of.map((each) => (each.kind === 'all' ? `(${wordingOf(each).holds})` : wordingOf(each).holds));
      const holds = `(${joinAlternatives(alternatives)})`;
      return { holds, fails: `is not one that ${holds}` };
    }
    case 'not': {
      const { holds, fails } = wordingOf(combination.of);
      return { holds: fails, fails: holds };
    }
    default:
      return combination satisfies never;
  }
}

/** Predicates of one subject: `has the role "actor" and the id "kiki" and does not exist`. */
export function joinPhrases(phrases: readonly string[]): string {
  const has = 'has ';
  return phrases
    .map((each, index) => (each.startsWith(has) && phrases[index - 1]?.startsWith(has) === true ? each.slice(has.length) : each))
    .join(' and ');
}

export function joinAlternatives(alternatives: readonly string[]): string {
  return `either ${alternatives.join(' or ')}`;
}

/**
 * A text as a JSON string, so that it cannot be confused with the words around it. Long texts are
 * cut.
 */
export function quoted(text: string): string {
  return JSON.stringify(truncate(text));
}

/** A JSON value. Long values are cut. */
export function quotedJson(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : truncate(stringifyJson(value));
}

/** A list of alternatives: `"a"`, `one of "a" and "b"`, `one of "a", "b", "c" and 997 more`. */
export function oneOf(values: readonly string[]): string {
  const [value, second] = values;
  return value !== undefined && second === undefined ? value : `one of ${joinValues(values)}`;
}

/** The complement of `oneOf` after "is": `not "a"`, `none of "a" and "b"`. */
export function noneOf(values: readonly string[]): string {
  const [value, second] = values;
  return value !== undefined && second === undefined ? `not ${value}` : `none of ${joinValues(values)}`;
}

/**
 * Values as a phrase; only the first few of many. An empty list is named, because it is often a
 * mistake.
 */
export function joinValues(values: readonly string[]): string {
  if (values.length === 0) return 'an empty list';
  if (values.length <= maxFullListLength) return `${values.slice(0, -1).join(', ')} and ${values.slice(-1).join('')}`;
  return `${values.slice(0, truncatedListLength).join(', ')} and ${values.length - truncatedListLength} more`;
}

/** A longer list is cut to its first `truncatedListLength` values. */
const maxFullListLength = 5;
const truncatedListLength = 3;
const maxQuotedLength = 60;

function truncate(text: string): string {
  if (lengthUpTo(maxQuotedLength, text) <= maxQuotedLength) return text;
  // A character has at most two code units, so this slice cuts no character that is kept.
  const characters = Array.from(text.slice(0, 2 * maxQuotedLength)).slice(0, maxQuotedLength);
  return `${characters.join('')}…`;
}
