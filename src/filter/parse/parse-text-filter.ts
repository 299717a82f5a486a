import type { Condition } from '../filter.ts';
import { allOf, bad, not, type FilterReader } from './parse-context.ts';
import { lengthUpTo } from '../../event/text.ts';

/**
 * Reads a search text. Its terms stand apart by white space. One of the plain terms must be there, every one with `+`
 * before it, and none with `-` or `!`. A term that begins with a quote is a phrase up to the next quote, or to the end; an
 * empty phrase says nothing. A quote or an operator inside a term, and an operator alone, are characters like any other.
 * Text without terms holds for every event. Each term is a node of the filter. Throws BAD_FILTER.
 */
export function parseTextFilter(reader: FilterReader, text: string, path: readonly string[]): Condition {
  if (lengthUpTo(longestText, text) > longestText) throw bad(path, `expected at most ${longestText} characters, got more`);
  const terms = termsOf(reader.text(text, path)).flatMap((term) => reader.part(term, path, (each) => each));
  const contained = (role: Role): readonly Condition[] =>
    terms.filter((term) => term.role === role).map(({ needle }) => ({ kind: 'contains', needle }));
  return allOf<Condition>([contained('required'), anyOf(contained('wanted')), anyOf(contained('excluded')).map((any) => not(any))]);
}

interface Term {
  readonly role: Role;
  readonly needle: string;
}
type Role = 'wanted' | 'required' | 'excluded';

function termsOf(text: string): readonly Term[] {
  const found = Array.from(text.matchAll(termPattern), ({ groups }) => ({
    role: roles[groups?.['operator'] ?? ''] ?? 'wanted',
    needle: groups?.['phrase'] ?? groups?.['word'] ?? '',
  }));
  return found.filter(({ needle }) => needle !== '');
}

/** An operator with nothing after it is left to the word. */
const termPattern = /(?<operator>[-!+]?)(?:"(?<phrase>[^"]*)"?|(?<word>\S+))/gu;
const roles: Readonly<Record<string, Role>> = { '+': 'required', '-': 'excluded', '!': 'excluded' };

/** None when there is nothing to choose from. */
function anyOf(alternatives: readonly Condition[]): readonly Condition[] {
  return alternatives.length < 2 ? alternatives : [{ kind: 'any', of: alternatives }];
}

/** Terms have at most so many characters together; what reads them in SQL counts on it. */
const longestText = 200;
