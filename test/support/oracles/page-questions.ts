import * as fc from 'fast-check';
import type { EventOrder } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import type { SearchLimits } from '../../../src/store/queries/index-search.ts';
import type { PageBound, PageRequest, PageScope } from '../../../src/store/queries/page-request.ts';
import { anyFilter, bloomFiltered } from './random-filters.ts';

// Random pages of a log of `storedEvents` events, and what plain loops find.

export const storedEvents = 240;
export const orders: readonly EventOrder[] = ['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'];
/** The keys of scopes. */
export const scopeKeys = ['a', 'b', 'a.b', 'a%', 'nothing'];
export const timeInMinute = fc.integer({ min: 0, max: 59 }).map((s) => `2026-01-01T00:00:${String(s).padStart(2, '0')}Z`);
/** Times within a minute, with some far away, as from wrong clocks. */
export const time = fc.oneof(
  { weight: 8, arbitrary: timeInMinute },
  { weight: 1, arbitrary: fc.constantFrom('1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z', '2026-01-01T03:00:00Z', '0000-01-01T00:00:00Z') },
);
/** Conditions that many events meet, by each kind of column. */
export const frequent = fc.constantFrom(
  { event: { in: ['a', 'b', '%'] } },
  { not: { event: { in: ['a'] } } },
  { resource: { id: { in: ['a'] } } },
  { resource: { id: { in: ['a', 'a.b'] } } },
  { resource: { id: { startsWith: ['a.'] } } },
  { resource: { id: { startsWith: ['a%'] } } },
  { resource: { labels: [{ key: 'k', in: ['a', 'b', '%'] }] } },
  { not: { resource: { labels: [{ key: 'k', in: ['a'] }] } } },
  { related: [{ role: ['a', 'actor'] }] },
  { related: [{ role: ['a'], id: { in: ['a', 'b'] } }] },
  { related: [{ id: { in: ['a'] } }] },
  { related: [{ id: { in: ['a', 'a.b'] } }] },
  { anyResource: [{ id: { in: ['a', 'b'] } }] },
  { payload: [{ path: 'a', in: [0, 1, 'a', null, true] }] },
  { occurred: { since: '2026-01-01T00:00:20Z', until: '2026-01-01T00:00:40Z' } },
  { occurred: { since: '2026-01-01T00:00:57Z' } },
);
export const pairOfConditions = fc.tuple(frequent, fc.oneof(frequent, anyFilter));

export const question = fc.record({
  filter: fc.oneof(
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 4, arbitrary: anyFilter },
    { weight: 1, arbitrary: frequent },
    { weight: 1, arbitrary: bloomFiltered },
    { weight: 1, arbitrary: fc.tuple(bloomFiltered, frequent).map((pair) => ({ and: [...pair] })) },
    { weight: 1, arbitrary: pairOfConditions.map((pair) => ({ and: [...pair] })) },
  ),
  order: fc.constantFrom(...orders),
  backward: fc.boolean(),
  limit: fc.constantFrom(1, 2, 7, 50, 1000),
  after: fc.option(fc.nat(storedEvents - 1)),
  before: fc.option(fc.nat(storedEvents - 1)),
  scope: fc.constantFrom<PageScope>('EVERYTHING', 'EVERYTHING', 'RELATED', 'ANY', 'PRIMARY', 'FOLLOWS'),
});
/** So small that each search passes through windows of all sizes. */
export const smallLimits: SearchLimits = {
  resourceEvents: 5,
  firstEvents: 20,
  candidates: 3,
  windowBlocks: 8,
  minWindowBlocks: 2,
  maxWindowBlocks: 32,
  maxScannedBlocks: 4,
  maxSmallExtents: 2,
  fewBlocks: 40,
};

export function pageOfRows(rows: readonly { readonly id: string }[], { limit, backward }: PageRequest) {
  const found = rows.slice(0, limit).map(({ id }) => id);
  return { ids: backward ? found.toReversed() : found, more: rows.length > limit };
}

export function oraclePage(events: readonly StoredEvent[], { order, backward, limit, after, before }: PageRequest) {
  const sign = order === 'NEWEST_FIRST' ? -1 : 1;
  const compare = (a: PageBound, b: PageBound): number =>
    sign * (a.occurred === b.occurred ? a.position - b.position : (a.occurred ?? '') < (b.occurred ?? '') ? -1 : 1);
  const between = events
    .filter(
      (event) =>
        (!after || compare(pagePositionOf(event, order), after) > 0) && (!before || compare(pagePositionOf(event, order), before) < 0),
    )
    .toSorted((a, b) => compare(pagePositionOf(a, order), pagePositionOf(b, order)));
  const page = backward ? between.slice(-limit) : between.slice(0, limit);
  return { page: { ids: page.map(({ id }) => id), more: between.length > limit }, count: events.length };
}

export function pagePositionOf({ position, occurred }: StoredEvent, order: EventOrder): PageBound {
  return order === 'LOG' ? { position } : { position, occurred };
}

export function isInScope(event: StoredEvent, scope: PageScope, key: string): boolean {
  const [primary, related] = [event.resource.id === key, event.related.some(({ id }) => id === key)];
  switch (scope) {
    case 'EVERYTHING':
      return true;
    case 'FOLLOWS':
      return event.follows === key;
    case 'PRIMARY':
      return primary;
    case 'RELATED':
      return related && !primary;
    case 'ANY':
      return primary || related;
    default:
      return scope satisfies never;
  }
}
