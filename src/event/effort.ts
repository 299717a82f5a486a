import type { StoredEvent } from './event.ts';
import type { Condition, ResourceTest } from './filter.ts';

/**
 * About how many steps it takes at most to read a filter in memory against an event, where that may be many: a glob is
 * searched for in a text in at most its length times the text's steps (about a nanosecond each), and both may be large.
 * Everything else that a filter asks is bounded by the bounds of filters and events.
 */
export function effort(filter: Condition, event: StoredEvent): number {
  const globs = globCharacters(filter);
  return globs === 0 ? 0 : globs * textLength(event);
}

/** How many characters the globs of a filter have. */
export function globCharacters(condition: Condition): number {
  const known = counted.get(condition);
  if (known !== undefined) return known;
  const count = countIn(condition);
  counted.set(condition, count);
  return count;
}

const counted = new WeakMap<Condition, number>();

function countIn(condition: Condition): number {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.reduce((sum, each) => sum + countIn(each), 0);
    case 'not':
      return countIn(condition.of);
    case 'resource':
      return countInTest(condition.passes);
    case 'oneOf':
    case 'startsWith':
    case 'during':
    case 'payload':
    case 'contains':
      return 0;
    default:
      return condition satisfies never;
  }
}

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
function textLength({ resource, related }: StoredEvent): number {
  let length = 0;
  for (const { id, labels } of [resource, ...related]) {
    length += id.length;
    for (const value of Object.values(labels)) length += value.length;
  }
  return length;
}
