import { labelKeys } from '../../event/event.ts';
import type { Combination, Condition, ResourceTest, ValueTest } from '../../filter/filter.ts';
import { literalRuns } from '../../filter/glob.ts';
import type { PayloadPath } from '../../event/payload-path.ts';
import { isScalar, weightOf, type Among, type Heading } from './index-key.ts';

/**
 * Where a filter can be filed, so that only events that may match it come across it. The idea is that of Hanson et
 * al., "A predicate matching algorithm for database rule systems" (1990): file a conjunction under its most selective
 * part, check the rest of it when an event comes by.
 */
export interface Filing {
  /** The best way first. Each one alone suffices: every event that matches the filter has at least one of its headings. */
  readonly ways: readonly Way[];
  /** Whether an event that has a heading of the first way is thereby known to match. */
  readonly proves: boolean;
}
export type Way = readonly Heading[];

/** Null when an event can match without having anything in particular, as with `not` or a range of time. */
export function filingOf(condition: Condition): Filing | null {
  switch (condition.kind) {
    case 'oneOf': {
      const aspect = { of: 'event', field: condition.field } as const;
      return proving(condition.values.map((value) => ({ aspect, by: 'value', value })));
    }
    case 'startsWith': {
      const aspect = { of: 'event', field: condition.field } as const;
      return proving(condition.prefixes.map((prefix) => ({ aspect, by: 'prefix', prefix })));
    }
    case 'resource':
      return resourceFiling(condition.passes, condition.among);
    case 'payload':
      return valueFiling(condition.passes, condition.path);
    case 'during':
    case 'contains':
      return null;
    default:
      return combinationFiling(condition, filingOf);
  }
}

function resourceFiling(test: ResourceTest, among: Among): Filing | null {
  if (test.kind === 'all' || test.kind === 'any' || test.kind === 'not') {
    return combinationFiling(test, (each) => resourceFiling(each, among));
  }
  const aspect = { of: 'resource', among, label: test.label } as const;
  // Every resource has an id, and nearly every event a role somewhere, so that having one tells nothing.
  const telling = test.label !== labelKeys.id && test.label !== labelKeys.role;
  switch (test.kind) {
    case 'oneOf':
      return proving(test.values.map((value) => ({ aspect, by: 'value', value })));
    case 'startsWith':
      return proving(test.prefixes.map((prefix) => ({ aspect, by: 'prefix', prefix })));
    case 'exists':
      return telling ? proving([{ aspect, by: 'presence' }]) : null;
    case 'like': {
      const heads = test.globs.map(literalRuns);
      if (!telling && heads.some(({ prefix, whole }) => prefix === '' && !whole)) return null;
      return hinting(
        heads.map(({ prefix, whole }): Heading => {
          if (whole) return { aspect, by: 'value', value: prefix };
          return prefix === '' ? { aspect, by: 'presence' } : { aspect, by: 'prefix', prefix: prefix };
        }),
      );
    }
    default:
      return test satisfies never;
  }
}

function valueFiling(test: ValueTest, path: PayloadPath): Filing | null {
  const aspect = { of: 'payload', path } as const;
  switch (test.kind) {
    case 'exists':
      return proving([{ aspect, by: 'presence' }]);
    case 'oneOf': {
      const scalars = test.values.filter(isScalar);
      if (scalars.length < test.values.length) return hinting([{ aspect, by: 'presence' }]);
      return proving(scalars.map((value) => ({ aspect, by: 'value', value })));
    }
    case 'compares':
      return hinting([{ aspect, by: 'presence' }]);
    default:
      return combinationFiling(test, (each) => valueFiling(each, path));
  }
}

function combinationFiling<T>(combination: Combination<T>, filing: (each: T) => Filing | null): Filing | null {
  switch (combination.kind) {
    case 'all': {
      const ways = combination.of.flatMap((each) => filing(each)?.ways ?? []);
      return ways.length === 0 ? null : { ways: bestOf(ways), proves: false };
    }
    case 'any': {
      const each = combination.of.map(filing).filter((alternative) => alternative !== null);
      if (each.length < combination.of.length) return null;
      if (each.length === 0) return proving([]);
      // An event has to come across every alternative: a way is one way of each.
      const count = Math.min(mostWays, ...each.map(({ ways }) => ways.length));
      const ways = Array.from({ length: count }, (_, at) => each.flatMap((alternative) => alternative.ways[at] ?? []));
      return { ways: narrowing(ways), proves: each.every(({ proves }) => proves) };
    }
    case 'not':
      return null;
    default:
      return combination satisfies never;
  }
}

function bestOf(ways: readonly Way[]): readonly Way[] {
  const weigh = (way: Way): number => way.reduce((sum, heading) => sum + weightOf(heading), 0);
  const sorted = ways.map((way) => ({ way, weight: weigh(way) })).toSorted((a, b) => a.weight - b.weight);
  return narrowing(sorted.map(({ way }) => way));
}

/**
 * The first way, which may take as many headings as the filter has values, and others that are worth their memory: they
 * are for headings that are crowded, and each is repeated under every heading of the ways before it.
 */
function narrowing([first, ...others]: readonly Way[]): readonly Way[] {
  if (first === undefined) return [];
  const ways = [first];
  let repeated = 1;
  for (const way of others) {
    if (ways.length === mostWays || repeated * way.length > mostRepeated) continue;
    ways.push(way);
    repeated *= way.length;
  }
  return ways;
}

function proving(way: Way): Filing {
  return { ways: [way], proves: true };
}

function hinting(way: Way): Filing {
  return { ways: [way], proves: false };
}

const mostWays = 6;
/** How often a filter may be filed under one heading of its first way. */
const mostRepeated = 16;
