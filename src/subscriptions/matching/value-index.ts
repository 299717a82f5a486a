import { type StoredEvent, labelKeys, labelOf, type RelatedResource, type Resource } from '../../event/event.ts';
import type { KeyPath } from './presearch-keys.ts';
import { isScalar, type IndexKey, type Scalar } from './index-key.ts';
import { RadixTree } from './radix-tree.ts';

/** The filters under one heading, and those that are filed further within it. */
export interface Bucket<F> {
  readonly filters: Set<F>;
  nested: NestedIndex<F> | null;
  /** For whoever is shown buckets, to know those that were seen already. */
  lastRound: number;
}
export type OnBucket<F> = (bucket: Bucket<F>) => void;

/** What a bucket may have within: an index of its own (FilingIndex says when and why). */
export interface NestedIndex<F> {
  readonly isEmpty: boolean;
  add(keyPaths: readonly KeyPath[], filter: F): void;
  remove(keyPaths: readonly KeyPath[], filter: F): void;
  probe(event: StoredEvent, onBucket: OnBucket<F>): void;
}

/** The buckets for one aspect of events. */
export class ValueIndex<F> {
  private readonly values = new Map<Scalar, Bucket<F>>();
  private readonly prefixes = new RadixTree<Bucket<F>>();
  private exists: Bucket<F> | undefined;

  get isEmpty(): boolean {
    return this.values.size === 0 && this.prefixes.isEmpty && this.exists === undefined;
  }

  get(key: IndexKey): Bucket<F> | undefined {
    switch (key.by) {
      case 'value':
        return this.values.get(key.value);
      case 'prefix':
        return this.prefixes.get(key.prefix);
      case 'presence':
        return this.exists;
      default:
        return key satisfies never;
    }
  }

  getOrCreate(key: IndexKey): Bucket<F> {
    const found = this.get(key);
    if (found !== undefined) return found;
    const bucket: Bucket<F> = { filters: new Set(), nested: null, lastRound: 0 };
    if (key.by === 'value') this.values.set(key.value, bucket);
    else if (key.by === 'prefix') this.prefixes.set(key.prefix, bucket);
    else this.exists = bucket;
    return bucket;
  }

  remove(key: IndexKey): void {
    if (key.by === 'value') this.values.delete(key.value);
    else if (key.by === 'prefix') this.prefixes.delete(key.prefix);
    else this.exists = undefined;
  }

  /** Shows the buckets that this value of an event, which is not absent, belongs to. */
  probe(value: unknown, onBucket: OnBucket<F>): void {
    // A Map finds 1 by 1.0 and 0 by -0, but never by "1", as the filter's equality wants it.
    const bucket = isScalar(value) ? this.values.get(value) : undefined;
    if (bucket !== undefined) onBucket(bucket);
    if (typeof value === 'string') this.prefixes.forEachPrefixOf(value, onBucket);
    if (this.exists !== undefined) onBucket(this.exists);
  }
}

/** The drawers for the labels of resources, by label; ids, roles and names are labels here. */
export class LabelIndex<F> extends Map<string, ValueIndex<F>> {
  /** Looks at no more labels than are in use, nor at many more than the resource has. */
  probe(resource: Resource | RelatedResource, onBucket: OnBucket<F>): void {
    const labels = this.size <= lookupThresholdLabels ? this.keys() : [...fieldLabels, ...Object.keys(resource.labels)];
    for (const label of labels) {
      const valueIndex = this.get(label);
      const value = valueIndex === undefined ? null : labelOf(resource, label);
      if (value !== null) valueIndex?.probe(value, onBucket);
    }
  }
}

/** Those that a resource may have without having a label of that key. */
const fieldLabels = [labelKeys.id, labelKeys.role, labelKeys.name];
/** So many look-ups cost less than listing what the resource has. */
const lookupThresholdLabels = 20;
