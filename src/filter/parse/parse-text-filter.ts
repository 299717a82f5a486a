import type { Condition } from '../filter.ts';
import { allOf, filterError, not, type ParseContext } from './parse-context.ts';
import { lengthUpTo } from '../../event/text.ts';

/**
 * Reads a search text. Its terms stand apart by white space. One of the plain terms must be there, every one with `+`
 * before it, and none with `-` or `!`. A term that begins with a quote is a phrase up to the next quote, or to the end; an
 * empty phrase says nothing. A quote or an operator inside a term, and an operator alone, are characters like any other.
 * Text without terms holds for every event. Each term is a node of the filter. Throws BAD_FILTER.
 */
export function parseTextFilter(context: ParseContext, text: string, path: readonly string[]): Condition {
  if (lengthUpTo(maxTextLength, text) > maxTextLength) throw filterError(path, `expected at most ${maxTextLength} characters, got more`);
  const terms = termsOf(context.text(text, path)).flatMap((term) => context.clause(term, path, (each) => each));
  const conditionsOf = (role: Role): readonly Condition[] =>
    terms.filter((term) => term.role === role).map(({ searchTerm }) => ({ kind: 'contains', searchTerm }));
  return allOf<Condition>([
    conditionsOf('required'),
    anyOf(conditionsOf('optional')),
    anyOf(conditionsOf('excluded')).map((any) => not(any)),
  ]);
}

interface Term {
  readonly role: Role;
  readonly searchTerm: string;
}
type Role = 'optional' | 'required' | 'excluded';

function termsOf(text: string): readonly Term[] {
  const found = Array.from(text.matchAll(termPattern), ({ groups }) => ({
    role: roles[groups?.['operator'] ?? ''] ?? 'optional',
    searchTerm: groups?.['phrase'] ?? groups?.['word'] ?? '',
  }));
  return found.filter(({ searchTerm }) => searchTerm !== '');
}

/** An operator with nothing after it is left to the word. */
const termPattern = /(?<operator>[-!+]?)(?:"(?<phrase>[^"]*)"?|(?<word>\S+))/gu;
const roles: Readonly<Record<string, Role>> = { '+': 'required', '-': 'excluded', '!': 'excluded' };

/** None when there is nothing to choose from. */
function anyOf(alternatives: readonly Condition[]): readonly Condition[] {
  return alternatives.length < 2 ? alternatives : [{ kind: 'any', of: alternatives }];
}

/** Terms have at most so many characters together; what reads them in SQL counts on it. */
const maxTextLength = 200;
