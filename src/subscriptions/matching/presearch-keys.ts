import { lookupKey } from '../../json/exact-number.ts';
import { labelKeys } from '../../event/event.ts';
import { anyElement, isExactPath, type PayloadPath, type PayloadPattern } from '../../event/payload-path.ts';
import type { Combination, Condition, ResourceTest, ValueTest } from '../../filter/filter.ts';
import { literalRuns } from '../../filter/glob.ts';
import { isScalar, weightOf, type Among, type Aspect, type IndexKey } from './index-key.ts';

/**
 * The keys under which a filter is indexed, so that only events that may match find it. The idea is
 * that of Hanson et al., "A predicate matching algorithm for database rule systems" (1990): index a
 * conjunction by its most selective condition, and test the rest on the events found.
 *
 *   filter       event in (a, b)  AND  resource.id = r        all: the paths of each condition,
 *   key paths    [primary.id=r]   [event=a event=b]           most selective first
 *
 *   filter       event = a  OR  resource.id = r               any: a path of each alternative,
 *   key path     [event=a primary.id=r]                       joined
 */
export interface PresearchKeys {
  /**
   * Most selective first. Every event that matches the filter has at least one key of each path.
   */
  readonly keyPaths: readonly KeyPath[];
  /** Whether every event that has a key of the first path matches the filter. */
  readonly isExact: boolean;
}
/** Keys of which a matching event has at least one. */
export type KeyPath = readonly IndexKey[];

/** Returns null if a matching event need not have any key, as with `not` or a time range. */
export function presearchKeysOf(condition: Condition): PresearchKeys | null {
  switch (condition.kind) {
    case 'oneOf': {
      const aspect = { of: 'event', field: condition.field } as const;
      return exactKeys(condition.values.map((value) => ({ aspect, by: 'value', value })));
    }
    case 'startsWith': {
      const aspect = { of: 'event', field: condition.field } as const;
      return exactKeys(condition.prefixes.map((prefix) => ({ aspect, by: 'prefix', prefix })));
    }
    case 'like':
      // Every event has an id and a name, so `exists` would select all events.
      return globKeys(condition.globs, { of: 'event', field: condition.field }, condition.field === 'follows');
    case 'resource':
      return resourceKeys(condition.passes, condition.among);
    case 'payload':
      return isExactPath(condition.path) ? valueKeys(condition.passes, condition.path) : arrayKeys(condition.path);
    case 'during':
    case 'contains':
      return null;
    default:
      return combinationKeys(condition, presearchKeysOf);
  }
}

function resourceKeys(test: ResourceTest, among: Among): PresearchKeys | null {
  if (test.kind === 'all' || test.kind === 'any' || test.kind === 'not') {
    return combinationKeys(test, (each) => resourceKeys(each, among));
  }
  const aspect = { of: 'resource', among, label: test.label } as const;
  // Every resource has an id, and nearly every event has a role. So their existence excludes
  // nothing.
  const isSelective = test.label !== labelKeys.id && test.label !== labelKeys.role;
  switch (test.kind) {
    case 'oneOf':
      return exactKeys(test.values.map((value) => ({ aspect, by: 'value', value })));
    case 'startsWith':
      return exactKeys(test.prefixes.map((prefix) => ({ aspect, by: 'prefix', prefix })));
    case 'exists':
      return isSelective ? exactKeys([{ aspect, by: 'exists' }]) : null;
    case 'like':
      return globKeys(test.globs, aspect, isSelective);
    default:
      return test satisfies never;
  }
}

/** The literal prefixes of globs. The key of a glob without one is `exists`, if that is selective. */
function globKeys(globs: readonly string[], aspect: Aspect, isExistsSelective: boolean): PresearchKeys | null {
  const literals = globs.map(literalRuns);
  if (!isExistsSelective && literals.some(({ prefix, isLiteral }) => prefix === '' && !isLiteral)) return null;
  return inexactKeys(
    literals.map(({ prefix, isLiteral }): IndexKey => {
      if (isLiteral) return { aspect, by: 'value', value: prefix };
      return prefix === '' ? { aspect, by: 'exists' } : { aspect, by: 'prefix', prefix };
    }),
  );
}

/** At a path with `*`: that the first array exists. */
function arrayKeys(pattern: PayloadPattern): PresearchKeys | null {
  const path = pattern.slice(0, pattern.indexOf(anyElement)).filter((step) => step !== anyElement);
  return path.length === 0 ? null : inexactKeys([{ aspect: { of: 'payload', path }, by: 'exists' }]);
}

function valueKeys(test: ValueTest, path: PayloadPath): PresearchKeys | null {
  const aspect = { of: 'payload', path } as const;
  switch (test.kind) {
    case 'exists':
      return exactKeys([{ aspect, by: 'exists' }]);
    case 'oneOf': {
      const scalars = test.values.map(lookupKey).filter(isScalar);
      if (scalars.length < test.values.length) return inexactKeys([{ aspect, by: 'exists' }]);
      return exactKeys(scalars.map((value) => ({ aspect, by: 'value', value })));
    }
    case 'compares':
      return inexactKeys([{ aspect, by: 'exists' }]);
    default:
      return combinationKeys(test, (each) => valueKeys(each, path));
  }
}

function combinationKeys<T>(combination: Combination<T>, keysOf: (each: T) => PresearchKeys | null): PresearchKeys | null {
  switch (combination.kind) {
    case 'all': {
      const keyPaths = combination.of.flatMap((each) => keysOf(each)?.keyPaths ?? []);
      return keyPaths.length === 0 ? null : { keyPaths: bySelectivity(keyPaths), isExact: false };
    }
    case 'any': {
      const each = combination.of.map(keysOf).filter((alternative) => alternative !== null);
      if (each.length < combination.of.length) return null;
      if (each.length === 0) return exactKeys([]);
      // An event may match any alternative, so a path joins one path of each.
      const count = Math.min(maxKeyPaths, ...each.map(({ keyPaths }) => keyPaths.length));
      const keyPaths = Array.from({ length: count }, (_, at) => each.flatMap((alternative) => alternative.keyPaths[at] ?? []));
      return { keyPaths: limitKeyPaths(keyPaths), isExact: each.every(({ isExact }) => isExact) };
    }
    case 'not':
      return null;
    default:
      return combination satisfies never;
  }
}

function bySelectivity(keyPaths: readonly KeyPath[]): readonly KeyPath[] {
  const pathWeight = (keyPath: KeyPath): number => keyPath.reduce((sum, key) => sum + weightOf(key), 0);
  const sorted = keyPaths.map((keyPath) => ({ keyPath, weight: pathWeight(keyPath) })).toSorted((a, b) => a.weight - b.weight);
  return limitKeyPaths(sorted.map(({ keyPath }) => keyPath));
}

/**
 * Returns the first path, which can have as many keys as the filter has values, and further paths
 * that are worth their memory. Those are used in full buckets only, and each is repeated under
 * every key of the paths before it.
 */
function limitKeyPaths([first, ...others]: readonly KeyPath[]): readonly KeyPath[] {
  if (first === undefined) return [];
  const keyPaths = [first];
  let repetitions = 1;
  for (const keyPath of others) {
    if (keyPaths.length === maxKeyPaths || repetitions * keyPath.length > maxRepetitions) continue;
    keyPaths.push(keyPath);
    repetitions *= keyPath.length;
  }
  return keyPaths;
}

function exactKeys(keyPath: KeyPath): PresearchKeys {
  return { keyPaths: [keyPath], isExact: true };
}

function inexactKeys(keyPath: KeyPath): PresearchKeys {
  return { keyPaths: [keyPath], isExact: false };
}

const maxKeyPaths = 6;
/** The maximum number of entries of a filter under one key of its first path. */
const maxRepetitions = 16;
