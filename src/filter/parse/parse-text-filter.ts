import { lengthUpTo } from '../../event/text.ts';
import type { Condition } from '../filter.ts';
import { allOf, filterError, not, type ParseContext } from './parse-context.ts';

/**
 * Parses a search text: terms separated by white space. One of the bare terms must occur, every
 * term after `+` must, and no term after `-` or `!` may. A term that begins with a quote is a
 * phrase up to the next quote or the end; an empty phrase is ignored. A backslash escapes a quote or
 * another backslash; before another character it is ordinary. So are quotes and operators inside a
 * term, and an operator alone. Each term is a node of the filter. Throws BAD_FILTER, also for a text
 * without terms: it would match every event.
 */
export function parseTextFilter(context: ParseContext, text: string, path: readonly string[]): Condition {
  if (lengthUpTo(maxTextLength, text) > maxTextLength) throw filterError(path, `expected at most ${maxTextLength} characters, got more`);
  const terms = termsOf(context.text(text, path)).flatMap((term) => context.clause(term, path, (each) => each));
  if (terms.length === 0) throw filterError(path, String.raw`expected at least one term, got none; write \" to search for a quote`);
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
    searchTerm: (groups?.['phrase'] ?? groups?.['word'] ?? '').replaceAll(/\\(["\\])/g, '$1'),
  }));
  return found.filter(({ searchTerm }) => searchTerm !== '');
}

/** An operator with nothing after it is a word. */
const termPattern = /(?<operator>[-!+]?)(?:"(?<phrase>(?:\\["\\]|[^"])*)"?|(?<word>\S+))/gu;
const roles: Readonly<Record<string, Role>> = { '+': 'required', '-': 'excluded', '!': 'excluded' };

/** Empty if there are no alternatives. */
function anyOf(alternatives: readonly Condition[]): readonly Condition[] {
  return alternatives.length < 2 ? alternatives : [{ kind: 'any', of: alternatives }];
}

/**
 * Bounds the characters of all terms. store/filter-sql puts the terms of one text into one regular
 * expression of this length.
 */
const maxTextLength = 200;
