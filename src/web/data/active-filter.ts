import { computed } from '@preact/signals';
import type { EventFilter } from '../../client/tidings-client.ts';
import { parseFilterJson } from '../query/filter-json.ts';
import { parseQuery } from '../query/query-text.ts';
import { resolveTime } from '../text/time-range.ts';
import { view, viewOf } from '../view/current-view.ts';

const query = viewOf(({ query }) => query);
const extra = viewOf(({ filter }) => filter);
const range = viewOf(({ range }) => JSON.stringify(range));

/**
 * The filter of the view without its time range. Facets and the histogram count with it. Parts that
 * cannot be read are left out; the filter box shows them.
 */
export const conditions = computed<EventFilter>(() => {
  const { filter } = parseQuery(query.value);
  const further = extra.value === null ? '' : parseFilterJson(extra.value);
  return typeof further === 'string' ? filter : { and: [filter, further] };
});

/** The time range in instants. `-1h` counts from the moment at which the view changed. */
export const instants = computed<{ readonly since?: string; readonly until?: string }>(() => {
  void range.value;
  const { since, until } = view.peek().range;
  return { ...instantOf('since', since), ...instantOf('until', until) };
});

/** The filter of the list. */
export const activeFilter = computed<EventFilter>(() => {
  const occurred = instants.value;
  return Object.keys(occurred).length === 0 ? conditions.value : { and: [conditions.value, { occurred }] };
});

function instantOf(name: 'since' | 'until', text: string | null): { readonly since?: string; readonly until?: string } {
  const instant = text === null ? null : resolveTime(text, Date.now());
  return instant === null ? {} : { [name]: instant };
}
