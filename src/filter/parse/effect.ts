import { labelKeys } from '../../event/event.ts';
import type { Condition, ResourceTest, ValueTest } from '../filter.ts';
import { filterError } from './parse-context.ts';

type Part = Condition | ResourceTest | ValueTest;

/** Throws BAD_FILTER for a part of a filter that excludes nothing. */
export function rejectWithoutEffect(part: unknown, path: readonly string[]): void {
  if (!isPart(part) || !excludesNothing(part)) return;
  throw filterError(
    path,
    'expected a condition that excludes something, because this filter is a permission; got one that excludes nothing',
  );
}

/** Parsers also pass values that are no parts of the tree, such as a boolean. */
function isPart(part: unknown): part is Part {
  return typeof part === 'object' && part !== null && 'kind' in part;
}

/**
 * Whether every event, resource or value passes. `related: [{}]` counts, although it requires a
 * related resource.
 *
 * Guarantees: true for parts without a condition, also nested and negated ones, and for prefixes
 * and globs that every text has.
 * Does not guarantee to find other tautologies, such as a condition or its complement.
 */
function excludesNothing(part: Part): boolean {
  switch (part.kind) {
    case 'all':
      return part.of.every((each: Part) => excludesNothing(each));
    case 'any':
      return part.of.some((each: Part) => excludesNothing(each));
    case 'not':
      return excludesAll(part.of);
    case 'startsWith':
      return isAlwaysPresent(part) && part.prefixes.includes('');
    case 'like':
      return isAlwaysPresent(part) && part.globs.some((glob) => /^\*+$/.test(glob));
    case 'exists':
      return 'label' in part && isAlwaysPresent(part);
    case 'during':
      return part.since === undefined && part.until === undefined;
    case 'resource':
    case 'payload':
      return excludesNothing(part.passes);
    case 'oneOf':
    case 'compares':
    case 'contains':
      return false;
    default:
      return part satisfies never;
  }
}

/** Whether no event, resource or value passes. */
function excludesAll(part: Part): boolean {
  switch (part.kind) {
    case 'all':
      return part.of.some((each: Part) => excludesAll(each));
    case 'any':
      return part.of.every((each: Part) => excludesAll(each));
    case 'not':
      return excludesNothing(part.of);
    case 'oneOf':
      return part.values.length === 0;
    case 'startsWith':
      return part.prefixes.length === 0;
    case 'like':
      return part.globs.length === 0;
    case 'during':
      return part.since !== undefined && part.until !== undefined && part.since >= part.until;
    case 'resource':
    case 'payload':
      return excludesAll(part.passes);
    case 'exists':
    case 'compares':
    case 'contains':
      return false;
    default:
      return part satisfies never;
  }
}

/** Every event has a name and an id, and every resource an id. */
function isAlwaysPresent(part: { readonly field: string } | { readonly label: string }): boolean {
  return 'field' in part ? part.field !== 'follows' : part.label === labelKeys.id;
}
