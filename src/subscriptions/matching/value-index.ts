import { lookupKey } from '../../json/exact-number.ts';
import { labelKeys, labelOf, type RelatedResource, type Resource, type StoredEvent } from '../../event/event.ts';
import { isScalar, type IndexKey, type Scalar } from './index-key.ts';
import { BucketFilters } from './bucket-filters.ts';
import type { KeyPath } from './presearch-keys.ts';
import { RadixTree } from './radix-tree.ts';

/** The filters under one key, and an index of further filters with that key. */
export interface Bucket<F> {
  readonly filters: BucketFilters<F>;
  nested: NestedIndex<F> | null;
  /** The last event that found the bucket, as numbered by the matcher. */
  lastRound: number;
}
export type OnBucket<F> = (bucket: Bucket<F>) => void;

/** The index inside a full bucket. `filter-index.ts` explains it. */
export interface NestedIndex<F> {
  readonly isEmpty: boolean;
  add(keyPaths: readonly KeyPath[], filter: F): void;
  remove(keyPaths: readonly KeyPath[], filter: F): void;
  probe(event: StoredEvent, onBucket: OnBucket<F>): void;
}

/** The buckets of one aspect of events: by value, by prefix, by existence. */
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
      case 'exists':
        return this.exists;
      default:
        return key satisfies never;
    }
  }

  getOrCreate(key: IndexKey): Bucket<F> {
    const found = this.get(key);
    if (found !== undefined) return found;
    const bucket: Bucket<F> = { filters: new BucketFilters(), nested: null, lastRound: 0 };
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

  /** Calls `onBucket` with each bucket whose key this value of an event has. */
  probe(value: unknown, onBucket: OnBucket<F>): void {
    // The equality of Map keys is that of filters: 1 equals 1.0, and 0 equals -0, but 1 is not "1".
    const key = lookupKey(value);
    const bucket = isScalar(key) ? this.values.get(key) : undefined;
    if (bucket !== undefined) onBucket(bucket);
    if (typeof value === 'string') this.prefixes.forEachPrefixOf(value, onBucket);
    if (this.exists !== undefined) onBucket(this.exists);
  }
}

/** The value indexes of labels, by label key. Ids, roles and names count as labels. */
export class LabelIndex<F> extends Map<string, ValueIndex<F>> {
  /** Probes the indexed labels if they are few, else the labels of the resource. */
  probe(resource: Resource | RelatedResource, onBucket: OnBucket<F>): void {
    const labels = this.size <= lookupThresholdLabels ? this.keys() : [...fieldLabels, ...Object.keys(resource.labels)];
    for (const label of labels) {
      const valueIndex = this.get(label);
      const value = valueIndex === undefined ? null : labelOf(resource, label);
      if (value !== null) valueIndex?.probe(value, onBucket);
    }
  }
}

/** Label keys whose values come from fields of a resource. */
const fieldLabels = [labelKeys.id, labelKeys.role, labelKeys.name];
/** Up to this number, lookups cost less than listing the labels of a resource. */
const lookupThresholdLabels = 20;
