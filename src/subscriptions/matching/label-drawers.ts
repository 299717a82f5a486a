import { labelKeys, labelOf, type RelatedResource, type Resource } from '../../event/event.ts';
import type { Drawer, Show } from './value-index.ts';

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
