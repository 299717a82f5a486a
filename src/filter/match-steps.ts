import { isJsonScalar } from '../json/exact-number.ts';
import { labelKeys } from '../event/event.ts';
import { isExactPath } from '../event/payload-path.ts';
import type { Combination, Condition, ResourceTest, ValueTest } from './filter.ts';
import { minIndexedValues } from './matches.ts';

/**
 * The simple tests that `matches` takes for an event of ordinary size; each takes some 50 ns.
 * Infinity: the time grows with the event, as that of a text search does.
 */
export function matchSteps(condition: Condition): number {
  switch (condition.kind) {
    case 'oneOf':
    case 'during':
      return 1;
    case 'startsWith':
      return condition.prefixes.length;
    case 'like':
      return characters(condition.globs);
    case 'resource':
      return (condition.among === 'primary' ? 1 : usualResources) * resourceSteps(condition.passes);
    case 'payload':
      return isExactPath(condition.path) ? condition.path.length + valueSteps(condition.passes) : Infinity;
    case 'contains':
      return Infinity;
    default:
      return combinationSteps(condition, matchSteps);
  }
}

function resourceSteps(test: ResourceTest): number {
  switch (test.kind) {
    case 'exists':
    case 'oneOf':
      return 1;
    case 'startsWith':
      return test.prefixes.length;
    case 'like': // other labels can have ten times the length of an id
      return test.label === labelKeys.id || test.label === labelKeys.role ? characters(test.globs) : 10 * characters(test.globs);
    default:
      return combinationSteps(test, resourceSteps);
  }
}

function valueSteps(test: ValueTest): number {
  switch (test.kind) {
    case 'exists':
      return 1;
    case 'oneOf':
      return test.values.every(isJsonScalar) ? Math.min(test.values.length, minIndexedValues) : Infinity;
    case 'compares':
      return typeof test.to === 'string' ? 1 + test.to.length / charactersPerStep : 1;
    default:
      return combinationSteps(test, valueSteps);
  }
}

function combinationSteps<T>(combination: Combination<T>, stepsOf: (each: T) => number): number {
  if (combination.kind === 'not') return stepsOf(combination.of);
  return combination.of.reduce((total, each) => total + stepsOf(each), 1);
}

function characters(texts: readonly string[]): number {
  return texts.reduce((total, { length }) => total + length, 0);
}

/** Events have up to a hundred related resources, and seldom more than these. */
const usualResources = 10;
const charactersPerStep = 100;
