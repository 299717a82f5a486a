import { computed } from '@preact/signals';
import type { EventFilter } from '../../client/tidings-client.ts';
import { parseQuery } from '../query/query-text.ts';
import { view, viewOf } from '../view/current-view.ts';

const query = viewOf(({ query }) => query);
const extra = viewOf(({ filter }) => filter);
const range = viewOf(({ range }) => JSON.stringify(range));

/** The filter of the view without its time range. Facets and the histogram count with it. */
export const conditions = computed<EventFilter>(() => {
  const { filter } = parseQuery(query.value);
  return extra.value === null ? filter : { and: [filter, JSON.parse(extra.value) as EventFilter] };
});

/** The time range in instants. `-1h` counts from the moment at which the view changed. */
export const instants = computed<{ readonly since?: string; readonly until?: string }>(() => {
  void range.value;
  const { since, until } = view.peek().range;
  return { ...(since !== null && { since: instantOf(since) }), ...(until !== null && { until: instantOf(until) }) };
});

/** The filter of the list. */
export const activeFilter = computed<EventFilter>(() => {
  const occurred = instants.value;
  return Object.keys(occurred).length === 0 ? conditions.value : { and: [conditions.value, { occurred }] };
});

function instantOf(text: string): string {
  const relative = /^-(\d+)([smhd])$/.exec(text);
  if (relative === null) return text;
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[relative[2] as 's' | 'm' | 'h' | 'd'];
  return new Date(Date.now() - Number(relative[1]) * seconds * 1000).toISOString();
}
