import { compareNumbers, isJsonScalar, isNumber, lookupKey } from '../json/exact-number.ts';
import { labelOf, type RelatedResource, type Resource, type StoredEvent } from '../event/event.ts';
import { jsonEquals, jsonLengthUpTo, orderedJson } from '../event/json.ts';
import { isExactPath, someValueAt, valueAt } from '../event/payload-path.ts';
import { compareCodePoints } from '../event/text.ts';
import type { Combination, Comparison, Condition, ResourceTest, TextField, ValueTest } from './filter.ts';
import { globMatches, parseGlob, type Glob } from './glob.ts';
import { containsSearchTerm } from './text-search.ts';

/**
 * Evaluates a filter in memory: whether the event matches the condition. store/filter-sql evaluates
 * the same filters in SQL. `filter` is the whole filter that contains the condition.
 */
export function matches(condition: Condition, event: StoredEvent, filter = condition): boolean {
  switch (condition.kind) {
    case 'oneOf': {
      const text = textOf(event, condition.field);
      return text !== null && isOneOfTexts(condition.values, text);
    }
    case 'startsWith': {
      const text = textOf(event, condition.field);
      return text !== null && condition.prefixes.some((prefix) => text.startsWith(prefix));
    }
    case 'like': {
      const text = textOf(event, condition.field);
      return text !== null && globsOf(condition).some((glob) => globMatches(glob, text));
    }
    case 'during': {
      const { since, until } = condition;
      const time = event[condition.field];
      return (since === undefined || time >= since) && (until === undefined || time < until);
    }
    case 'resource':
      return resourcesOf(event, condition.among).some((resource) => resourcePasses(condition.passes, resource));
    case 'payload': {
      const { path, passes } = condition;
      if (isExactPath(path)) return valuePasses(passes, valueAt(event.payload, path));
      return someValueAt(event.payload, path, (value) => valuePasses(passes, value));
    }
    case 'contains':
      return containsSearchTerm(event, condition.searchTerm, filter);
    default:
      return combinationHolds(condition, (each) => matches(each, event, filter));
  }
}

/** Whether a resource passes a test. */
export function resourcePasses(test: ResourceTest, resource: Resource | RelatedResource): boolean {
  switch (test.kind) {
    case 'exists':
      return labelOf(resource, test.label) !== null;
    case 'oneOf': {
      const value = labelOf(resource, test.label);
      return value !== null && isOneOfTexts(test.values, value);
    }
    case 'startsWith': {
      const value = labelOf(resource, test.label);
      return value !== null && test.prefixes.some((prefix) => value.startsWith(prefix));
    }
    case 'like': {
      const value = labelOf(resource, test.label);
      return value !== null && globsOf(test).some((glob) => globMatches(glob, value));
    }
    default:
      return combinationHolds(test, (each) => resourcePasses(each, resource));
  }
}

/** The primary resource, the related resources, or both. */
export function resourcesOf(event: StoredEvent, among: 'primary' | 'related' | 'any'): readonly (Resource | RelatedResource)[] {
  switch (among) {
    case 'primary':
      return [event.resource];
    case 'related':
      return event.related;
    case 'any':
      return [event.resource, ...event.related];
    default:
      return among satisfies never;
  }
}

/** The globs of a test, parsed when it is first evaluated. */
function globsOf(test: Extract<Condition | ResourceTest, { kind: 'like' }>): readonly Glob[] {
  const cached = globCache.get(test);
  if (cached !== undefined) return cached;
  const globs = test.globs.map(parseGlob);
  globCache.set(test, globs);
  return globs;
}

const globCache = new WeakMap<object, readonly Glob[]>();

function valuePasses(test: ValueTest, value: unknown): boolean {
  switch (test.kind) {
    case 'exists':
      return value !== undefined;
    case 'oneOf':
      return value !== undefined && isOneOf(test, value);
    case 'compares': {
      const { to } = test;
      if (isNumber(to)) return isNumber(value) && comparisonHolds(test.operator, compareNumbers(value, to));
      return typeof value === 'string' && comparisonHolds(test.operator, compareCodePoints(value, to));
    }
    default:
      return combinationHolds(test, (each) => valuePasses(each, value));
  }
}

function isOneOfTexts(texts: readonly string[], text: string): boolean {
  if (texts.length < minIndexedValues) return texts.includes(text);
  const cached = textSetCache.get(texts);
  if (cached !== undefined) return cached.has(text);
  const textSet = new Set(texts);
  textSetCache.set(texts, textSet);
  return textSet.has(text);
}

const textSetCache = new WeakMap<readonly string[], ReadonlySet<string>>();

type ValueList = Extract<ValueTest, { kind: 'oneOf' }>;

function isOneOf(test: ValueList, value: unknown): boolean {
  if (test.values.length < minIndexedValues) return test.values.some((each) => jsonEquals(each, value));
  const { scalars, others, maxLength } = indexedValues(test);
  if (isJsonScalar(value)) return scalars.has(lookupKey(value));
  return others.size > 0 && jsonLengthUpTo(maxLength, value) <= maxLength && others.has(orderedJson(value));
}

/** Shorter lists are compared value by value, which is as fast. */
export const minIndexedValues = 8;

/**
 * The values of a long list. All elements of an array may be compared with them, so a comparison
 * must not depend on their number.
 */
interface IndexedValues {
  /** As lookup keys. A Set takes -0 for 0, as JSON equality does. */
  readonly scalars: ReadonlySet<unknown>;
  /** Objects and lists, as JSON with ordered keys. */
  readonly others: ReadonlySet<string>;
  /** The length of the longest of these. A longer value equals none. */
  readonly maxLength: number;
}

function indexedValues(test: ValueList): IndexedValues {
  const cached = valueCache.get(test);
  if (cached !== undefined) return cached;
  const others = test.values.filter((each) => !isJsonScalar(each)).map(orderedJson);
  const values = {
    scalars: new Set(test.values.filter(isJsonScalar).map(lookupKey)),
    others: new Set(others),
    maxLength: others.reduce((longest, { length }) => Math.max(longest, length), 0),
  };
  valueCache.set(test, values);
  return values;
}

const valueCache = new WeakMap<ValueList, IndexedValues>();

function combinationHolds<T>(combination: Combination<T>, holdsFor: (each: T) => boolean): boolean {
  switch (combination.kind) {
    case 'all':
      return combination.of.every(holdsFor);
    case 'any':
      return combination.of.some(holdsFor);
    case 'not':
      return !holdsFor(combination.of);
    default:
      return combination satisfies never;
  }
}

function comparisonHolds(operator: Comparison, difference: number): boolean {
  switch (operator) {
    case 'gt':
      return difference > 0;
    case 'gte':
      return difference >= 0;
    case 'lt':
      return difference < 0;
    case 'lte':
      return difference <= 0;
    default:
      return operator satisfies never;
  }
}

function textOf(event: StoredEvent, field: TextField): string | null {
  return event[field];
}
