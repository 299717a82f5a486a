import type { StoredEvent } from '../event/event.ts';
import { searchableText } from './searchable-text.ts';
import type { Condition, ResourceTest } from './filter.ts';

/**
 * About how many steps it takes at most to read a filter in memory against an event, where that may be many: a glob is
 * searched for in a text in at most its length times the text's steps (about a nanosecond each), the needles of a search
 * in far fewer, and all may be large. Everything else that a filter asks is bounded by the bounds of filters and events.
 */
export function matchCost(filter: Condition, event: StoredEvent): number {
  const { globs, searchTerms } = charactersOf(filter);
  const searchCost = searchTerms === 0 ? 0 : (searchTerms * searchableText(event).length) / searchTermCharactersPerStep;
  return globs === 0 ? searchCost : searchCost + globs * labelLength(event);
}

/** How many characters the globs and search texts of a filter have. */
export function patternCharacters(filter: Condition): number {
  const { globs, searchTerms } = charactersOf(filter);
  return globs + searchTerms;
}

interface Characters {
  readonly globs: number;
  readonly searchTerms: number;
}

function charactersOf(filter: Condition): Characters {
  const cached = characterCache.get(filter);
  if (cached !== undefined) return cached;
  const characters = countCharacters(filter);
  characterCache.set(filter, characters);
  return characters;
}

const characterCache = new WeakMap<Condition, Characters>();
/** Characters of needles that one step goes through, measured with texts of megabytes. */
const searchTermCharactersPerStep = 20;

function countCharacters(condition: Condition): Characters {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of
        .map(countCharacters)
        .reduce((a, b) => ({ globs: a.globs + b.globs, searchTerms: a.searchTerms + b.searchTerms }), noCharacters);
    case 'not':
      return countCharacters(condition.of);
    case 'resource':
      return { globs: countGlobCharacters(condition.passes), searchTerms: 0 };
    case 'contains':
      return { globs: 0, searchTerms: condition.searchTerm.length };
    case 'oneOf':
    case 'startsWith':
    case 'during':
    case 'payload':
      return noCharacters;
    default:
      return condition satisfies never;
  }
}

const noCharacters: Characters = { globs: 0, searchTerms: 0 };

function countGlobCharacters(test: ResourceTest): number {
  switch (test.kind) {
    case 'all':
    case 'any':
      return test.of.reduce((sum, each) => sum + countGlobCharacters(each), 0);
    case 'not':
      return countGlobCharacters(test.of);
    case 'like':
      return test.globs.reduce((sum, glob) => sum + glob.length, 0);
    case 'exists':
    case 'oneOf':
    case 'startsWith':
      return 0;
    default:
      return test satisfies never;
  }
}

/** Characters that globs may be searched for in. */
function labelLength({ resource, related }: StoredEvent): number {
  let length = 0;
  for (const { id, labels } of [resource, ...related]) {
    length += id.length;
    for (const value of Object.values(labels)) length += value.length;
  }
  return length;
}
