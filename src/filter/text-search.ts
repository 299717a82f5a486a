import { fold } from './case-folding.ts';
import type { StoredEvent } from '../event/event.ts';
import { searchableText } from './searchable-text.ts';
import type { Condition } from './filter.ts';
import { findSearchTerms } from './aho-corasick.ts';

/**
 * Whether some text of the event contains the needle, whatever the case; `filter` is the whole that asks, and asks for its
 * other needles as well. Few needles, or a short text: String's own search is fastest. Otherwise the text is read once for
 * all needles, lest an event and a filter that are made for it stop everything else for seconds.
 */
export function containsSearchTerm(event: StoredEvent, searchTerm: string, filter: Condition): boolean {
  const text = searchableText(event);
  const searchTerms = foldedSearchTerms(filter);
  const foldedTerm = searchTerms.get(searchTerm) ?? fold(searchTerm);
  return searchTerms.size >= minAutomatonTerms && text.length >= minAutomatonTextLength
    ? foundSearchTerms(event, filter).has(foldedTerm)
    : text.includes(foldedTerm);
}

/** Code units; fewer are searched in less time than it takes to make a table of the needles. */
const minAutomatonTextLength = 16_384;
/** Going through the table takes as long as searching for so many, at String's ordinary speed. */
const minAutomatonTerms = 8;

/** The needles of a filter, folded. */
function foldedSearchTerms(filter: Condition): ReadonlyMap<string, string> {
  const cached = searchTermCache.get(filter);
  if (cached !== undefined) return cached;
  const searchTerms = new Map(Array.from(searchTermsIn(filter), (searchTerm) => [searchTerm, fold(searchTerm)]));
  searchTermCache.set(filter, searchTerms);
  return searchTerms;
}

const searchTermCache = new WeakMap<Condition, ReadonlyMap<string, string>>();

function* searchTermsIn(condition: Condition): Iterable<string> {
  if (condition.kind === 'contains') yield condition.searchTerm;
  else if (condition.kind === 'not') yield* searchTermsIn(condition.of);
  else if (condition.kind === 'all' || condition.kind === 'any') for (const each of condition.of) yield* searchTermsIn(each);
}

/** Those of the filter's needles that a long text contains, kept for the filter that asked last. */
function foundSearchTerms(event: StoredEvent, filter: Condition): ReadonlySet<string> {
  const cached = foundTermsCache.get(event);
  if (cached?.filter === filter) return cached.found;
  const found = findSearchTerms(searchableText(event), [...new Set(foldedSearchTerms(filter).values())]);
  foundTermsCache.set(event, { filter, found });
  return found;
}

const foundTermsCache = new WeakMap<StoredEvent, { readonly filter: Condition; readonly found: ReadonlySet<string> }>();
