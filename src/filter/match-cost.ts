import { isJsonScalar } from '../json/exact-number.ts';
import { forEachValue } from '../json/for-each-value.ts';
import type { StoredEvent } from '../event/event.ts';
import { isExactPath } from '../event/payload-path.ts';
import type { Condition, ResourceTest, ValueTest } from './filter.ts';
import { minIndexedValues } from './matches.ts';
import { searchableText } from './searchable-text.ts';

/**
 * An upper bound of the steps that `matches` takes for an event; a step is about a nanosecond. It
 * covers the parts of a filter whose cost grows with the event:
 *   globs                  the length of the glob times that of the text
 *   search terms           the length of the terms times that of the text, divided by
 *                          `searchTermCharactersPerStep`
 *   payload paths with *   the number of comparisons times the size of the payload
 *   objects in a payload   the number of comparisons with them times the size of the payload
 * The bounds of filters and events bound everything else.
 */
export function matchCost(filter: Condition, event: StoredEvent): number {
  const { textGlobs, labelGlobs, searchTerms, elementTests } = patternSizes(filter);
  let cost = textGlobs * (event.id.length + event.event.length + (event.follows?.length ?? 0));
  if (labelGlobs > 0) cost += labelGlobs * labelLength(event);
  if (searchTerms > 0) cost += (searchTerms * searchableText(event).length) / searchTermCharactersPerStep;
  if (elementTests > 0) cost += elementTests * payloadSize(event);
  return cost;
}

/** The sizes that determine the cost: characters, except `elementTests`. */
interface PatternSizes {
  readonly textGlobs: number;
  readonly labelGlobs: number;
  readonly searchTerms: number;
  /** Comparisons for each value at a payload path with `*`, and with objects and lists. */
  readonly elementTests: number;
}

function patternSizes(filter: Condition): PatternSizes {
  const cached = sizeCache.get(filter);
  if (cached !== undefined) return cached;
  const sizes = sizesOf(filter);
  sizeCache.set(filter, sizes);
  return sizes;
}

const sizeCache = new WeakMap<Condition, PatternSizes>();
/** Characters of search terms that one step handles, measured with texts of megabytes. */
const searchTermCharactersPerStep = 20;

function sizesOf(condition: Condition): PatternSizes {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.map(sizesOf).reduce(sum, nothing);
    case 'not':
      return sizesOf(condition.of);
    case 'like':
      return { ...nothing, textGlobs: lengthOf(condition.globs) };
    case 'resource':
      return { ...nothing, labelGlobs: globCharacters(condition.passes) };
    case 'payload':
      return { ...nothing, elementTests: comparisonsOf(condition.passes, isExactPath(condition.path)) };
    case 'contains':
      return { ...nothing, searchTerms: condition.searchTerm.length };
    case 'oneOf':
    case 'startsWith':
    case 'during':
      return nothing;
    default:
      return condition satisfies never;
  }
}

const nothing: PatternSizes = { textGlobs: 0, labelGlobs: 0, searchTerms: 0, elementTests: 0 };

function sum(a: PatternSizes, b: PatternSizes): PatternSizes {
  return {
    textGlobs: a.textGlobs + b.textGlobs,
    labelGlobs: a.labelGlobs + b.labelGlobs,
    searchTerms: a.searchTerms + b.searchTerms,
    elementTests: a.elementTests + b.elementTests,
  };
}

function globCharacters(test: ResourceTest): number {
  switch (test.kind) {
    case 'all':
    case 'any':
      return test.of.reduce((total, each) => total + globCharacters(each), 0);
    case 'not':
      return globCharacters(test.of);
    case 'like':
      return lengthOf(test.globs);
    case 'exists':
    case 'oneOf':
    case 'startsWith':
      return 0;
    default:
      return test satisfies never;
  }
}

/** At an exact path there is one value. Only with objects can its comparisons take long. */
function comparisonsOf(test: ValueTest, isExact: boolean): number {
  switch (test.kind) {
    case 'all':
    case 'any':
      return test.of.reduce((total, each) => total + comparisonsOf(each, isExact), isExact ? 0 : 1);
    case 'not':
      return comparisonsOf(test.of, isExact);
    case 'oneOf': {
      // The values of a long list are looked up together.
      const comparisons = Math.min(test.values.length, minIndexedValues);
      return isExact && test.values.every(isJsonScalar) ? 0 : comparisons;
    }
    case 'exists':
    case 'compares':
      return isExact ? 0 : 1;
    default:
      return test satisfies never;
  }
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((total, text) => total + text.length, 0);
}

/** Characters of all label values and ids. */
function labelLength({ resource, related }: StoredEvent): number {
  let length = 0;
  for (const { id, labels } of [resource, ...related]) {
    length += id.length;
    for (const value of Object.values(labels)) length += value.length;
  }
  return length;
}

/** Steps of one comparison with every value of the payload. */
function payloadSize(event: StoredEvent): number {
  const cached = payloadSizeCache.get(event);
  if (cached !== undefined) return cached;
  const size = valueSize(event.payload);
  payloadSizeCache.set(event, size);
  return size;
}

const payloadSizeCache = new WeakMap<StoredEvent, number>();
/** Measured with numbers. */
const stepsPerValue = 30;

function valueSize(value: unknown): number {
  if (typeof value === 'string') return stepsPerValue + value.length;
  if (typeof value !== 'object' || value === null) return stepsPerValue;
  let size = stepsPerValue;
  forEachValue(value, (each) => (size += valueSize(each)));
  return size;
}
