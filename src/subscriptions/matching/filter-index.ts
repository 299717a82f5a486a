import type { StoredEvent } from '../../event/event.ts';
import type { TextField } from '../../filter/filter.ts';
import type { Among, Aspect } from './index-key.ts';
import { PayloadIndex } from './payload-index.ts';
import type { KeyPath } from './presearch-keys.ts';
import { LabelIndex, ValueIndex, type NestedIndex, type OnBucket } from './value-index.ts';

/**
 * Filters in buckets by index key. An event finds the buckets whose keys it has.
 *
 *   key paths of a filter       [tenant=acme]  then  [event=a  event=b]
 *
 *   tenant=acme -> bucket: filters { f1 … f8 }      added before the split
 *                          nested:  event=a -> bucket: filters { f9 … }
 *                                   event=b -> bucket: filters { f9 … }
 *
 * Why nested: many filters can share a key (a tenant, a common name), and an event with that key
 * would have to test all of them. Once a bucket is full, new filters that have a further key path
 * go into an index inside the bucket, by that path. Filters added before the split stay in the
 * parent bucket.
 *
 * Assumes: a filter is added once, and removed by the key paths by which it was added.
 * Guarantees:
 * - Nothing remains of a removed filter.
 * - A lookup depends on the values of the event, not on the number of filters.
 */
export class FilterIndex<F> implements NestedIndex<F> {
  private readonly fields = new Map<TextField, ValueIndex<F>>();
  private readonly labels: Readonly<Record<Among, LabelIndex<F>>> = {
    primary: new LabelIndex(),
    related: new LabelIndex(),
    any: new LabelIndex(),
  };
  private readonly payload = new PayloadIndex<F>();

  get isEmpty(): boolean {
    const { primary, related, any } = this.labels;
    return [this.fields, primary, related, any, this.payload].every(({ size }) => size === 0);
  }

  add([keyPath = [], ...others]: readonly KeyPath[], filter: F): void {
    for (const key of keyPath) {
      const bucket = this.slot(key.aspect).getOrCreate().getOrCreate(key);
      if (bucket.filters.size < splitThreshold || others.length === 0) bucket.filters.add(filter);
      else (bucket.nested ??= new FilterIndex()).add(others, filter);
    }
  }

  remove([keyPath = [], ...others]: readonly KeyPath[], filter: F): void {
    for (const key of keyPath) {
      const slot = this.slot(key.aspect);
      const valueIndex = slot.get();
      const bucket = valueIndex?.get(key);
      // No bucket: the path has this key twice, which an `any` can cause.
      if (valueIndex === undefined || bucket === undefined) continue;
      if (!bucket.filters.delete(filter)) bucket.nested?.remove(others, filter);
      if (bucket.nested?.isEmpty === true) bucket.nested = null;
      if (bucket.filters.size === 0 && bucket.nested === null) valueIndex.remove(key);
      if (valueIndex.isEmpty) slot.remove();
    }
  }

  /**
   * Calls `onBucket` with each bucket whose key the event has, some of them more than once. It does
   * not descend into nested indexes: the callback does, once for each bucket, however often it is
   * called.
   */
  probe(event: StoredEvent, onBucket: OnBucket<F>): void {
    for (const [field, valueIndex] of this.fields) {
      const text = event[field];
      if (text !== null) valueIndex.probe(text, onBucket);
    }
    const { primary, related, any } = this.labels;
    primary.probe(event.resource, onBucket);
    any.probe(event.resource, onBucket);
    for (const resource of event.related) {
      related.probe(resource, onBucket);
      any.probe(resource, onBucket);
    }
    this.payload.probe(event.payload, onBucket);
  }

  private slot(aspect: Aspect): Slot<F> {
    switch (aspect.of) {
      case 'event':
        return slotIn(this.fields, aspect.field);
      case 'resource':
        return slotIn(this.labels[aspect.among], aspect.label);
      case 'payload':
        return slotIn(this.payload, aspect.path);
      default:
        return aspect satisfies never;
    }
  }
}

/** The entry of an aspect, which may be absent. */
interface Slot<F> {
  get(): ValueIndex<F> | undefined;
  getOrCreate(): ValueIndex<F>;
  remove(): void;
}

interface ValueIndexes<K, F> {
  get(key: K): ValueIndex<F> | undefined;
  set(key: K, valueIndex: ValueIndex<F>): unknown;
  delete(key: K): unknown;
}

function slotIn<K, F>(valueIndexes: ValueIndexes<K, F>, key: K): Slot<F> {
  return {
    get: () => valueIndexes.get(key),
    getOrCreate() {
      const valueIndex = valueIndexes.get(key) ?? new ValueIndex<F>();
      valueIndexes.set(key, valueIndex);
      return valueIndex;
    },
    remove: () => valueIndexes.delete(key),
  };
}

/** Above this size a nested lookup is faster than testing the filters one by one. */
const splitThreshold = 8;
