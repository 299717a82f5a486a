import { labelKeys } from '../../event/event.ts';
import type { Combination, Condition, ResourceTest, ValueTest } from '../../filter/filter.ts';
import { literalRuns } from '../../filter/glob.ts';
import { anyElement, isExactPath, type PayloadPath, type PayloadPattern } from '../../event/payload-path.ts';
import { isScalar, weightOf, type Among, type Aspect, type IndexKey } from './index-key.ts';

/**
 * Where a filter can be filed, so that only events that may match it come across it. The idea is that of Hanson et
 * al., "A predicate matching algorithm for database rule systems" (1990): file a conjunction under its most selective
 * part, check the rest of it when an event comes by.
 */
export interface PresearchKeys {
  /** The best way first. Each one alone suffices: every event that matches the filter has at least one of its headings. */
  readonly keyPaths: readonly KeyPath[];
  /** Whether an event that has a heading of the first way is thereby known to match. */
  readonly isExact: boolean;
}
export type KeyPath = readonly IndexKey[];

/** Null when an event can match without having anything in particular, as with `not` or a range of time. */
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
      // Every event has an id and a name, so that presence selects none.
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
  // Every resource has an id, and nearly every event a role somewhere, so that having one tells nothing.
  const isSelective = test.label !== labelKeys.id && test.label !== labelKeys.role;
  switch (test.kind) {
    case 'oneOf':
      return exactKeys(test.values.map((value) => ({ aspect, by: 'value', value })));
    case 'startsWith':
      return exactKeys(test.prefixes.map((prefix) => ({ aspect, by: 'prefix', prefix })));
    case 'exists':
      return isSelective ? exactKeys([{ aspect, by: 'presence' }]) : null;
    case 'like':
      return globKeys(test.globs, aspect, isSelective);
    default:
      return test satisfies never;
  }
}

/** The literal prefixes of globs. A glob without one has presence as its key, if that is selective. */
function globKeys(globs: readonly string[], aspect: Aspect, isPresenceSelective: boolean): PresearchKeys | null {
  const literals = globs.map(literalRuns);
  if (!isPresenceSelective && literals.some(({ prefix, isLiteral }) => prefix === '' && !isLiteral)) return null;
  return inexactKeys(
    literals.map(({ prefix, isLiteral }): IndexKey => {
      if (isLiteral) return { aspect, by: 'value', value: prefix };
      return prefix === '' ? { aspect, by: 'presence' } : { aspect, by: 'prefix', prefix };
    }),
  );
}

/** At a path with `*`: the presence of the first array. */
function arrayKeys(pattern: PayloadPattern): PresearchKeys | null {
  const path = pattern.slice(0, pattern.indexOf(anyElement)).filter((step) => step !== anyElement);
  return path.length === 0 ? null : inexactKeys([{ aspect: { of: 'payload', path }, by: 'presence' }]);
}

function valueKeys(test: ValueTest, path: PayloadPath): PresearchKeys | null {
  const aspect = { of: 'payload', path } as const;
  switch (test.kind) {
    case 'exists':
      return exactKeys([{ aspect, by: 'presence' }]);
    case 'oneOf': {
      const scalars = test.values.filter(isScalar);
      if (scalars.length < test.values.length) return inexactKeys([{ aspect, by: 'presence' }]);
      return exactKeys(scalars.map((value) => ({ aspect, by: 'value', value })));
    }
    case 'compares':
      return inexactKeys([{ aspect, by: 'presence' }]);
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
      // An event has to come across every alternative: a way is one way of each.
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
  const sorted = keyPaths.map((keyPath) => ({ way: keyPath, weight: pathWeight(keyPath) })).toSorted((a, b) => a.weight - b.weight);
  return limitKeyPaths(sorted.map(({ way: keyPath }) => keyPath));
}

/**
 * The first way, which may take as many headings as the filter has values, and others that are worth their memory: they
 * are for headings that are crowded, and each is repeated under every heading of the ways before it.
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
/** How often a filter may be filed under one heading of its first way. */
const maxRepetitions = 16;
