import { containsSearchTerm } from './text-search.ts';
import { labelOf, type RelatedResource, type Resource, type StoredEvent } from '../event/event.ts';
import type { Combination, Comparison, Condition, ResourceTest, TextField, ValueTest } from './filter.ts';
import { globMatches, parseGlob, type Glob } from './glob.ts';
import { compareCodePoints } from '../event/text.ts';
import { jsonEquals } from '../event/json.ts';
import { valueAt } from '../event/payload-path.ts';

/**
 * The in-memory reading of a filter: whether it holds for this event. Its twin in SQL is store/filter-sql. `filter` is the
 * whole that the condition is a part of.
 */
export function matches(condition: Condition, event: StoredEvent, filter = condition): boolean {
  switch (condition.kind) {
    case 'oneOf': {
      const text = textOf(event, condition.field);
      return text !== null && condition.values.includes(text);
    }
    case 'startsWith': {
      const text = textOf(event, condition.field);
      return text !== null && condition.prefixes.some((prefix) => text.startsWith(prefix));
    }
    case 'during': {
      const { since, until } = condition;
      const time = event[condition.field];
      return (since === undefined || time >= since) && (until === undefined || time < until);
    }
    case 'resource':
      return resourcesOf(event, condition.among).some((resource) => resourcePasses(condition.passes, resource));
    case 'payload':
      return valuePasses(condition.passes, valueAt(event.payload, condition.path));
    case 'contains':
      return containsSearchTerm(event, condition.searchTerm, filter);
    default:
      return combinationHolds(condition, (each) => matches(each, event, filter));
  }
}

/** Whether a resource is what a test asks for. */
export function resourcePasses(test: ResourceTest, resource: Resource | RelatedResource): boolean {
  switch (test.kind) {
    case 'exists':
      return labelOf(resource, test.label) !== null;
    case 'oneOf': {
      const value = labelOf(resource, test.label);
      return value !== null && test.values.includes(value);
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

/** A filter's globs are parsed once, when they first meet a value. */
function globsOf(test: Extract<ResourceTest, { kind: 'like' }>): readonly Glob[] {
  const cached = globCache.get(test);
  if (cached !== undefined) return cached;
  const globs = test.globs.map(parseGlob);
  globCache.set(test, globs);
  return globs;
}

const globCache = new WeakMap<ResourceTest, readonly Glob[]>();

function valuePasses(test: ValueTest, value: unknown): boolean {
  switch (test.kind) {
    case 'exists':
      return value !== undefined;
    case 'oneOf':
      return value !== undefined && test.values.some((each) => jsonEquals(each, value));
    case 'compares': {
      const { to } = test;
      if (typeof value === 'number' && typeof to === 'number') return comparisonHolds(test.operator, value - to);
      return typeof value === 'string' && typeof to === 'string' && comparisonHolds(test.operator, compareCodePoints(value, to));
    }
    default:
      return combinationHolds(test, (each) => valuePasses(each, value));
  }
}

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

function textOf(event: StoredEvent, field: TextField): string | null {
  return event[field];
}
