import type { StoredEvent } from '../event/event.ts';
import { findSearchTerms } from './aho-corasick.ts';
import { fold, normalized } from './case-folding.ts';
import type { Condition } from './filter.ts';
import { searchableText } from './searchable-text.ts';

/**
 * Whether some text of the event contains the search term, ignoring case. `filter` is the whole
 * filter that contains the term. For few terms or a short text, String's own search is fastest.
 * Otherwise one search finds all terms of the filter; else a hostile filter and event could block
 * the process for seconds.
 */
export function containsSearchTerm(event: StoredEvent, searchTerm: string, filter: Condition): boolean {
  const text = searchableText(event);
  const searchTerms = foldedSearchTerms(filter);
  const foldedTerm = searchTerms.get(searchTerm) ?? fold(normalized(searchTerm));
  return searchTerms.size >= minAutomatonTerms && text.length >= minAutomatonTextLength
    ? foundSearchTerms(event, filter).has(foldedTerm)
    : text.includes(foldedTerm);
}

/** In code units. Searching a shorter text takes less time than building the automaton. */
const minAutomatonTextLength = 16_384;
/** Running the automaton takes as long as this many ordinary searches. */
const minAutomatonTerms = 8;

/** The search terms of a filter and their foldings. */
function foldedSearchTerms(filter: Condition): ReadonlyMap<string, string> {
  const cached = searchTermCache.get(filter);
  if (cached !== undefined) return cached;
  const searchTerms = new Map(Array.from(searchTermsIn(filter), (searchTerm) => [searchTerm, fold(normalized(searchTerm))]));
  searchTermCache.set(filter, searchTerms);
  return searchTerms;
}

const searchTermCache = new WeakMap<Condition, ReadonlyMap<string, string>>();

function* searchTermsIn(condition: Condition): Iterable<string> {
  if (condition.kind === 'contains') yield condition.searchTerm;
  else if (condition.kind === 'not') yield* searchTermsIn(condition.of);
  else if (condition.kind === 'all' || condition.kind === 'any') for (const each of condition.of) yield* searchTermsIn(each);
}

/** The search terms of the filter that a long text contains, cached for the last filter. */
function foundSearchTerms(event: StoredEvent, filter: Condition): ReadonlySet<string> {
  const cached = foundTermsCache.get(event);
  if (cached?.filter === filter) return cached.found;
  const found = findSearchTerms(searchableText(event), [...new Set(foldedSearchTerms(filter).values())]);
  foundTermsCache.set(event, { filter, found });
  return found;
}

const foundTermsCache = new WeakMap<StoredEvent, { readonly filter: Condition; readonly found: ReadonlySet<string> }>();
