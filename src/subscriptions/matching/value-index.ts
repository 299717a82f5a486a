import { type StoredEvent, labelKeys, labelOf, type RelatedResource, type Resource } from '../../event/event.ts';
import type { Way } from './presearch-keys.ts';
import { isScalar, type Heading, type Scalar } from './index-key.ts';
import { PrefixTree } from './radix-tree.ts';

/** The filters under one heading, and those that are filed further within it. */
export interface Bucket<F> {
  readonly filters: Set<F>;
  within: Filed<F> | null;
  /** For whoever is shown buckets, to know those that were seen already. */
  seen: number;
}
export type Show<F> = (bucket: Bucket<F>) => void;

/** What a bucket may have within: an index of its own (FilingIndex says when and why). */
export interface Filed<F> {
  readonly isEmpty: boolean;
  add(ways: readonly Way[], filter: F): void;
  remove(ways: readonly Way[], filter: F): void;
  probe(event: StoredEvent, show: Show<F>): void;
}

/** The buckets for one aspect of events. */
export class Drawer<F> {
  private readonly values = new Map<Scalar, Bucket<F>>();
  private readonly prefixes = new PrefixTree<Bucket<F>>();
  private presence: Bucket<F> | undefined;

  get isEmpty(): boolean {
    return this.values.size === 0 && this.prefixes.isEmpty && this.presence === undefined;
  }

  get(heading: Heading): Bucket<F> | undefined {
    switch (heading.by) {
      case 'value':
        return this.values.get(heading.value);
      case 'prefix':
        return this.prefixes.get(heading.prefix);
      case 'presence':
        return this.presence;
      default:
        return heading satisfies never;
    }
  }

  open(heading: Heading): Bucket<F> {
    const found = this.get(heading);
    if (found !== undefined) return found;
    const bucket: Bucket<F> = { filters: new Set(), within: null, seen: 0 };
    if (heading.by === 'value') this.values.set(heading.value, bucket);
    else if (heading.by === 'prefix') this.prefixes.set(heading.prefix, bucket);
    else this.presence = bucket;
    return bucket;
  }

  close(heading: Heading): void {
    if (heading.by === 'value') this.values.delete(heading.value);
    else if (heading.by === 'prefix') this.prefixes.delete(heading.prefix);
    else this.presence = undefined;
  }

  /** Shows the buckets that this value of an event, which is not absent, belongs to. */
  probe(value: unknown, show: Show<F>): void {
    // A Map finds 1 by 1.0 and 0 by -0, but never by "1", as the filter's equality wants it.
    const bucket = isScalar(value) ? this.values.get(value) : undefined;
    if (bucket !== undefined) show(bucket);
    if (typeof value === 'string') this.prefixes.along(value, show);
    if (this.presence !== undefined) show(this.presence);
  }
}

/** The drawers for the labels of resources, by label; ids, roles and names are labels here. */
export class LabelDrawers<F> extends Map<string, Drawer<F>> {
  /** Looks at no more labels than are in use, nor at many more than the resource has. */
  probe(resource: Resource | RelatedResource, show: Show<F>): void {
    const labels = this.size <= few ? this.keys() : [...fields, ...Object.keys(resource.labels)];
    for (const label of labels) {
      const drawer = this.get(label);
      const value = drawer === undefined ? null : labelOf(resource, label);
      if (value !== null) drawer?.probe(value, show);
    }
  }
}

/** Those that a resource may have without having a label of that key. */
const fields = [labelKeys.id, labelKeys.role, labelKeys.name];
/** So many look-ups cost less than listing what the resource has. */
const few = 20;
