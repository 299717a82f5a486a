import { labelKeys } from '../../event/event.ts';
import type { PayloadPath } from '../../event/payload-path.ts';
import type { TextField } from '../../filter/filter.ts';

/**
 * A key under which filters are indexed. An event has the key if the aspect has this value, or a
 * text with this prefix, or any value.
 */
export type IndexKey = { readonly aspect: Aspect } & (
  | { readonly by: 'value'; readonly value: Scalar }
  | { readonly by: 'prefix'; readonly prefix: string }
  | { readonly by: 'exists' }
);

/**
 * The part of an event that a key names. `among`: the resources of which one must have the label.
 */
export type Aspect =
  | { readonly of: 'event'; readonly field: TextField }
  | { readonly of: 'resource'; readonly among: Among; readonly label: string }
  | { readonly of: 'payload'; readonly path: PayloadPath };

export type Among = 'primary' | 'related' | 'any';
export type Scalar = string | number | boolean | null;

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/**
 * An estimate of how many events have this key, without a unit. Filters are indexed by the keys
 * with the least weight. It depends on the kind of the aspect only, since nothing counts real
 * events: ids are nearly unique, names and roles have few values. Where it is wrong, buckets become
 * full, and the index splits them by further keys (`filter-index.ts`).
 */
export function weightOf(key: IndexKey): number {
  const { aspect } = key;
  switch (key.by) {
    case 'value':
      return typeof key.value === 'boolean' || key.value === null ? lowCardinalityWeight : aspectWeight(aspect);
    case 'prefix':
      return prefixWeight + aspectWeight(aspect);
    case 'exists':
      return existsWeight + aspectWeight(aspect);
    default:
      return key satisfies never;
  }
}

function aspectWeight(aspect: Aspect): number {
  switch (aspect.of) {
    case 'event':
      return fieldWeights[aspect.field];
    case 'resource': {
      const weight = labelWeights.get(aspect.label) ?? otherLabelWeight;
      // An event has one primary resource, and can have many related ones.
      return aspect.among === 'primary' ? weight : 2 * weight;
    }
    case 'payload':
      return payloadWeight;
    default:
      return aspect satisfies never;
  }
}

const fieldWeights: Readonly<Record<TextField, number>> = { id: 1, follows: 2, event: 1000 };
const labelWeights: ReadonlyMap<string, number> = new Map([
  [labelKeys.id, 10],
  [labelKeys.name, 40],
  [labelKeys.role, 2000],
]);
const otherLabelWeight = 100;
const payloadWeight = 150;
const lowCardinalityWeight = 3000;
const prefixWeight = 10_000;
const existsWeight = 100_000;
