import { isExactPath } from '../event/payload-path.ts';
import { everything, type Combination, type Condition, type ResourceTest, type ValueTest } from './filter.ts';

/**
 * An equivalent condition that is easier to describe:
 * - no combination is a direct part of one of its own kind, and no `not` of another `not`
 * - `all` and `any` have several parts, except that the whole filter may have none
 * - `not` moves into conditions with a single subject: the primary resource, or the value at a payload path without `*`
 */
export function simplified(condition: Condition): Condition {
  switch (condition.kind) {
    case 'oneOf':
    case 'startsWith':
    case 'like':
    case 'contains':
      return condition;
    case 'during':
      return condition.since === undefined && condition.until === undefined ? everything : condition;
    case 'resource': {
      const passes = simplifiedResource(condition.passes);
      // Every event has a primary resource. Not every event has a related one.
      return isNever(passes) || (isAlways(passes) && condition.among !== 'related') ? passes : { ...condition, passes };
    }
    case 'payload': {
      const passes = simplifiedValue(condition.passes);
      if (isNever(passes)) return passes;
      if (!isAlways(passes)) return { ...condition, passes };
      return isExactPath(condition.path) ? passes : { ...condition, passes: { kind: 'exists' } };
    }
    case 'not':
      return negatedCondition(simplified(condition.of));
    default:
      return combined(condition, simplified);
  }
}

function negatedCondition(condition: Condition): Condition {
  if (condition.kind === 'payload' && isExactPath(condition.path)) return { ...condition, passes: negated<ValueTest>(condition.passes) };
  if (condition.kind === 'resource' && condition.among === 'primary') {
    return { ...condition, passes: negated<ResourceTest>(condition.passes) };
  }
  return negated<Condition>(condition);
}

function simplifiedResource(test: ResourceTest): ResourceTest {
  switch (test.kind) {
    case 'exists':
    case 'oneOf':
    case 'startsWith':
    case 'like':
      return test;
    case 'not':
      return negated<ResourceTest>(simplifiedResource(test.of));
    default:
      return combined<ResourceTest>(test, simplifiedResource);
  }
}

function simplifiedValue(test: ValueTest): ValueTest {
  switch (test.kind) {
    case 'exists':
    case 'oneOf':
    case 'compares':
      return test;
    case 'not':
      return negated<ValueTest>(simplifiedValue(test.of));
    default:
      return combined<ValueTest>(test, simplifiedValue);
  }
}

interface FilterNode {
  readonly kind: string;
}

/** Assumes that `of` is simplified. */
function negated<T extends FilterNode>(of: T | Combination<T>): T | Combination<T> {
  if (isAlways(of)) return { kind: 'any', of: [] };
  if (isNever(of)) return { kind: 'all', of: [] };
  return isOfKind('not', of) ? of.of : { kind: 'not', of: of as T };
}

function combined<T extends FilterNode>(
  { kind, of }: Exclude<Combination<T>, { kind: 'not' }>,
  simplify: (each: T) => T,
): T | Combination<T> {
  const parts = of.map(simplify).flatMap((each): readonly T[] => (isOfKind(kind, each) ? each.of : [each]));
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  return parts.find(kind === 'all' ? isNever : isAlways) ?? { kind, of: parts };
}

function isAlways(part: FilterNode): part is { readonly kind: 'all'; readonly of: readonly [] } {
  return isOfKind('all', part) && part.of.length === 0;
}

function isNever(part: FilterNode): part is { readonly kind: 'any'; readonly of: readonly [] } {
  return isOfKind('any', part) && part.of.length === 0;
}

/** A type guard: a node of this kind is a combination of nodes of its own type. */
function isOfKind<K extends 'all' | 'any' | 'not', T extends FilterNode>(
  kind: K,
  part: T,
): part is T & Combination<T> & { readonly kind: K } {
  return part.kind === kind;
}
