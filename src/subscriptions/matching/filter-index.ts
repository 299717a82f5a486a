import type { StoredEvent } from '../../event/event.ts';
import type { TextField } from '../../filter/filter.ts';
import { ValueIndex, type NestedIndex, type OnBucket, LabelIndex } from './value-index.ts';
import type { KeyPath } from './presearch-keys.ts';
import type { Among, Aspect } from './index-key.ts';
import { PayloadIndex } from './payload-index.ts';

/**
 * Filters filed under headings, and found by the events that have them.
 *
 * A heading that many filters share (a tenant, a common name) would cost an event that has it a look at all of them. So
 * once a bucket is crowded, filters that have another way to be filed go into an index within the bucket, by that way:
 * among all of one tenant, those for one name. Who came first stays where it is.
 *
 * Assumes that a filter is removed by the ways by which it was added, and is added once. Promises that nothing is left of
 * what was removed, and that an event is looked up by its own values only, whatever the number of filters.
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
      // None when the way has this heading twice, which an any can bring about.
      if (valueIndex === undefined || bucket === undefined) continue;
      if (!bucket.filters.delete(filter)) bucket.nested?.remove(others, filter);
      if (bucket.nested?.isEmpty === true) bucket.nested = null;
      if (bucket.filters.size === 0 && bucket.nested === null) valueIndex.remove(key);
      if (valueIndex.isEmpty) slot.remove();
    }
  }

  /**
   * Shows the buckets that this event's values belong to, some perhaps more than once. What is within a bucket is left to
   * the one who is shown it, who can probe it once, however many resources lead there.
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

/** Where the drawer for an aspect is, or would be. */
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

/** So many filters are checked about as fast as they are looked up within. */
const splitThreshold = 8;
