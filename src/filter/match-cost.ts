import type { StoredEvent } from '../event/event.ts';
import { foldedText } from './searchable-text.ts';
import type { Condition, ResourceTest } from './filter.ts';

/**
 * About how many steps it takes at most to read a filter in memory against an event, where that may be many: a glob is
 * searched for in a text in at most its length times the text's steps (about a nanosecond each), the needles of a search
 * in far fewer, and all may be large. Everything else that a filter asks is bounded by the bounds of filters and events.
 */
export function effort(filter: Condition, event: StoredEvent): number {
  const { globs, needles } = charactersOf(filter);
  const searching = needles === 0 ? 0 : (needles * foldedText(event).length) / needleSpeed;
  return globs === 0 ? searching : searching + globs * labelLength(event);
}

/** How many characters the globs and search texts of a filter have. */
export function patternCharacters(filter: Condition): number {
  const { globs, needles } = charactersOf(filter);
  return globs + needles;
}

interface Characters {
  readonly globs: number;
  readonly needles: number;
}

function charactersOf(filter: Condition): Characters {
  const known = counted.get(filter);
  if (known !== undefined) return known;
  const characters = countIn(filter);
  counted.set(filter, characters);
  return characters;
}

const counted = new WeakMap<Condition, Characters>();
/** Characters of needles that one step goes through, measured with texts of megabytes. */
const needleSpeed = 20;

function countIn(condition: Condition): Characters {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.map(countIn).reduce((a, b) => ({ globs: a.globs + b.globs, needles: a.needles + b.needles }), none);
    case 'not':
      return countIn(condition.of);
    case 'resource':
      return { globs: countInTest(condition.passes), needles: 0 };
    case 'contains':
      return { globs: 0, needles: condition.needle.length };
    case 'oneOf':
    case 'startsWith':
    case 'during':
    case 'payload':
      return none;
    default:
      return condition satisfies never;
  }
}

const none: Characters = { globs: 0, needles: 0 };

function countInTest(test: ResourceTest): number {
  switch (test.kind) {
    case 'all':
    case 'any':
      return test.of.reduce((sum, each) => sum + countInTest(each), 0);
    case 'not':
      return countInTest(test.of);
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
