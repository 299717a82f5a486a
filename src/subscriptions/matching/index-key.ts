import { labelKeys } from '../../event/event.ts';
import type { TextField } from '../../filter/filter.ts';
import type { PayloadPath } from '../../event/payload-path.ts';

/**
 * A heading that filters are filed under, and what an event must have to be looked up there: this value of an aspect,
 * a text that begins with this prefix, or any value at all.
 */
export type IndexKey = { readonly aspect: Aspect } & (
  | { readonly by: 'value'; readonly value: Scalar }
  | { readonly by: 'prefix'; readonly prefix: string }
  | { readonly by: 'presence' }
);

/** What of an event a heading is about. A label is that of the primary resource, of some related one, or of some one of all. */
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
 * How often an event is expected under this heading, in no unit; the least is the best to file under. A guess by what
 * the aspect is about, since nobody has counted: ids are nearly unique, names and roles are few. Where the guess is
 * wrong, its headings become crowded, and the index looks further (FilingIndex).
 */
export function weightOf(key: IndexKey): number {
  const { aspect } = key;
  switch (key.by) {
    case 'value':
      return typeof key.value === 'boolean' || key.value === null ? lowCardinalityWeight : aspectWeight(aspect);
    case 'prefix':
      return prefixWeight + aspectWeight(aspect);
    case 'presence':
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
      // An event has one primary resource, but perhaps many others.
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
