import type { StoredEvent } from '../../event/event.ts';
import type { TextField } from '../../filter/filter.ts';
import { Drawer, type Filed, type Show, LabelDrawers } from './value-index.ts';
import type { Way } from './presearch-keys.ts';
import type { Among, Aspect } from './index-key.ts';
import { PayloadDrawers } from './payload-index.ts';

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
export class FilingIndex<F> implements Filed<F> {
  private readonly fields = new Map<TextField, Drawer<F>>();
  private readonly labels: Readonly<Record<Among, LabelDrawers<F>>> = {
    primary: new LabelDrawers(),
    related: new LabelDrawers(),
    any: new LabelDrawers(),
  };
  private readonly payload = new PayloadDrawers<F>();

  get isEmpty(): boolean {
    const { primary, related, any } = this.labels;
    return [this.fields, primary, related, any, this.payload].every(({ size }) => size === 0);
  }

  add([way = [], ...others]: readonly Way[], filter: F): void {
    for (const heading of way) {
      const bucket = this.place(heading.aspect).open().open(heading);
      if (bucket.filters.size < crowd || others.length === 0) bucket.filters.add(filter);
      else (bucket.within ??= new FilingIndex()).add(others, filter);
    }
  }

  remove([way = [], ...others]: readonly Way[], filter: F): void {
    for (const heading of way) {
      const place = this.place(heading.aspect);
      const drawer = place.get();
      const bucket = drawer?.get(heading);
      // None when the way has this heading twice, which an any can bring about.
      if (drawer === undefined || bucket === undefined) continue;
      if (!bucket.filters.delete(filter)) bucket.within?.remove(others, filter);
      if (bucket.within?.isEmpty === true) bucket.within = null;
      if (bucket.filters.size === 0 && bucket.within === null) drawer.close(heading);
      if (drawer.isEmpty) place.close();
    }
  }

  /**
   * Shows the buckets that this event's values belong to, some perhaps more than once. What is within a bucket is left to
   * the one who is shown it, who can probe it once, however many resources lead there.
   */
  probe(event: StoredEvent, show: Show<F>): void {
    for (const [field, drawer] of this.fields) {
      const text = event[field];
      if (text !== null) drawer.probe(text, show);
    }
    const { primary, related, any } = this.labels;
    primary.probe(event.resource, show);
    any.probe(event.resource, show);
    for (const resource of event.related) {
      related.probe(resource, show);
      any.probe(resource, show);
    }
    this.payload.probe(event.payload, show);
  }

  private place(aspect: Aspect): Place<F> {
    switch (aspect.of) {
      case 'event':
        return placeIn(this.fields, aspect.field);
      case 'resource':
        return placeIn(this.labels[aspect.among], aspect.label);
      case 'payload':
        return placeIn(this.payload, aspect.path);
      default:
        return aspect satisfies never;
    }
  }
}

/** Where the drawer for an aspect is, or would be. */
interface Place<F> {
  get(): Drawer<F> | undefined;
  open(): Drawer<F>;
  close(): void;
}

interface Drawers<K, F> {
  get(key: K): Drawer<F> | undefined;
  set(key: K, drawer: Drawer<F>): unknown;
  delete(key: K): unknown;
}

function placeIn<K, F>(drawers: Drawers<K, F>, key: K): Place<F> {
  return {
    get: () => drawers.get(key),
    open() {
      const drawer = drawers.get(key) ?? new Drawer<F>();
      drawers.set(key, drawer);
      return drawer;
    },
    close: () => drawers.delete(key),
  };
}

/** So many filters are checked about as fast as they are looked up within. */
const crowd = 8;
