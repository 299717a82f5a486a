import { describe, expect, test } from 'vitest';
import type { StoredEvent } from '../../../src/event/event.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { canonicalFilter } from '../../../src/filter/canonical-filter.ts';
import type { OnBucket } from '../../../src/subscriptions/matching/value-index.ts';
import { FilterIndex } from '../../../src/subscriptions/matching/filter-index.ts';
import { presearchKeysOf, type PresearchKeys, type KeyPath } from '../../../src/subscriptions/matching/presearch-keys.ts';
import type { IndexKey } from '../../../src/subscriptions/matching/index-key.ts';
import { storedOf } from '../support/valid-event.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };

describe('a filter is indexed by its most selective condition', () => {
  const event: EventFilterInput = { event: { in: ['e'] } };
  const some = (count: number): string[] => Array.from({ length: count }, (_, index) => String.fromCharCode(97 + index));
  const all = (what: string, count: number): string =>
    some(count)
      .map((value) => `${what}=${value}`)
      .join(' ');
  const label = (key: string) => ({ labels: [{ key, in: ['v'] }] });

  test.each<[EventFilterInput, readonly string[]]>([
    [{ ...event, id: ['a', 'b'] }, ['id=a id=b', 'event=e']],
    [{ ...event, follows: ['a'] }, ['follows=a', 'event=e']],
    [{ ...event, resource: { id: { in: ['r'] }, ...label('k') } }, ['primary.id=r', 'primary.k=v', 'event=e']],
    [{ ...event, related: [{ role: ['actor'], id: { in: ['r'] } }] }, ['related.id=r', 'event=e', 'related.role=actor']],
    [{ anyResource: [{ id: { startsWith: ['r.'] } }], ...event }, ['event=e', 'any.id^r.']],
    [{ event: { startsWith: ['e'] }, resource: label('k') }, ['primary.k=v', 'event^e']],
    [{ resource: label('prefect.resource.name'), anyResource: [label('k')] }, ['primary.name=v', 'any.k=v']],
    [{ payload: [{ path: 'a.b', in: [1, 'x'] }], ...event }, ['a.b="x" a.b=1', 'event=e']],
    [{ payload: [{ path: 'a', eq: true }], ...event }, ['event=e', 'a=true']],
    [{ payload: [{ path: 'a', eq: { b: 1 } }] }, ['a']],
    [{ payload: [{ path: 'a', gt: 1, lt: 3 }] }, ['a', 'a']],
    [{ resource: { labels: [{ key: 'k', exists: true }] } }, ['primary.k']],
    [{ resource: { labels: [{ key: 'k', like: ['v', String.raw`a\*b?`, '*'] }] } }, ['primary.k primary.k^a*b primary.k=v']],
    [{ event: { like: ['v', String.raw`a\*b?`] }, resource: { id: { like: ['r.*'] } } }, ['primary.id^r.', 'event^a*b event=v']],
    [{ ...event, resource: { id: { like: ['*'] } } }, ['event=e']],
    [{ payload: [{ path: 'a.b.*.c', eq: 1 }] }, ['a.b']],
    [{ ...event, not: { id: ['a'] }, occurred: { since: '2026-01-01T00:00:00Z' } }, ['event=e']],
    [{ or: [event, { id: ['a'] }] }, ['event=e id=a']],
    [
      {
        or: [
          { ...event, resource: label('k') },
          { id: ['a'], follows: ['b'] },
        ],
      },
      ['primary.k=v id=a', 'event=e follows=b'],
    ],
    [{ ...event, or: [{ id: ['a'] }, { id: ['b'] }] }, ['id=a id=b', 'event=e']],
    [{ or: [] }, ['']],
    // The repetition in nested indexes is bounded: here 4 times 4, without the paths of 21 and 2
    // keys.
    [
      { id: some(20), follows: some(21), event: { in: some(4) }, resource: { id: { in: some(4) } }, related: [{ role: some(2) }] },
      [all('id', 20), all('primary.id', 4), all('event', 4)],
    ],
  ])('%j: %j', (filter, keyPaths) => {
    expect(keysOf(filter)?.keyPaths.map(pathText)).toEqual(keyPaths);
  });

  test.each<EventFilterInput>([
    {},
    { not: event },
    { event: { notIn: ['e'] } },
    { occurred: { since: '2026-01-01T00:00:00Z' } },
    { or: [event, { not: event }] },
    { related: [{}] },
    { resource: { labels: [{ key: 'k', notLike: ['v*'] }] } },
    { anyResource: [{ labels: [{ key: 'prefect.resource.id', like: ['*'] }] }] },
    { payload: [{ path: 'a', exists: false }] },
    { event: { like: ['a', '*b'] } },
    { event: { notLike: ['a*'] } },
    { payload: [{ path: 'a.*', exists: false }] },
    { not: { payload: [{ path: 'a.*', eq: 1 }] } },
    { payload: [{ path: '*', eq: 1 }] },
  ])('and has no keys if matching events need not have any: %j', (filter) => {
    expect(keysOf(filter)).toBeNull();
  });

  test('a text search has no keys', () => {
    expect(presearchKeysOf({ kind: 'contains', searchTerm: 'a' })).toBeNull();
  });

  test.each<[EventFilterInput, boolean]>([
    [event, true],
    [{ or: [event, { related: [{ role: ['a'] }] }, { payload: [{ path: 'a', in: [1, null] }] }] }, true],
    [{ ...event, id: ['a'] }, false],
    [{ related: [{ role: ['a'], id: { in: ['b'] } }] }, false],
    [{ resource: { labels: [{ key: 'k', like: ['v*'] }] } }, false],
    [{ payload: [{ path: 'a', in: [1, [1]] }] }, false],
    [{ payload: [{ path: 'a.*', eq: 1 }] }, false],
    [{ event: { like: ['e*'] } }, false],
  ])('%j matches by its keys alone: %s', (filter, isExact) => {
    expect(keysOf(filter)?.isExact).toBe(isExact);
  });
});

describe('a full bucket', () => {
  const numbers = Array.from({ length: 1000 }, (_, index) => index);
  const tenant = { labels: [{ key: 'tenant', in: ['acme'] }] };
  const ofTenant = (name: string): StoredEvent => storedOf({ id: 'e', event: name, resource: { id: 'r', labels: { tenant: 'acme' } } });

  test('separates its filters by their further keys', () => {
    const index = new FilterIndex<number>();
    for (const number of numbers) index.add(keyPathsOf({ resource: tenant, event: { in: [`e${number}`] } }), number);
    const candidates = candidatesOf(index, ofTenant('e990'));
    expect(candidates).toContain(990);
    expect(candidates.length).toBeLessThan(20);
    expect(candidatesOf(index, storedOf({ id: 'e', event: 'e990', resource: { id: 'r' } }))).toEqual([]);
  });

  test('and again when a nested bucket is full', () => {
    const index = new FilterIndex<number>();
    const add = (number: number): void => {
      index.add(keyPathsOf({ resource: tenant, event: { in: ['e'] }, payload: [{ path: 'n', eq: number }] }), number);
      index.add(keyPathsOf({ resource: tenant, event: { in: ['e'] }, anyResource: [{ id: { startsWith: [`r${number}`] } }] }), -number);
    };
    numbers.forEach(add);
    const candidates = candidatesOf(index, { ...ofTenant('e'), payload: { n: 990 } });
    expect(candidates).toContain(990);
    expect(candidates.length).toBeLessThan(50);
  });

  test('keeps filters without further keys', () => {
    const index = new FilterIndex<number>();
    for (const number of numbers) index.add(keyPathsOf({ resource: tenant, event: { notIn: [`e${number}`] } }), number);
    expect(candidatesOf(index, ofTenant('e'))).toHaveLength(1000);
  });

  test('keeps nested filters when those added before the split are removed', () => {
    const index = new FilterIndex<number>();
    const keyPaths = (number: number): readonly KeyPath[] => keyPathsOf({ resource: tenant, event: { in: [`e${number}`] } });
    for (const number of numbers) index.add(keyPaths(number), number);
    for (const number of numbers.slice(0, 990)) index.remove(keyPaths(number), number);
    expect(candidatesOf(index, ofTenant('e990'))).toEqual([990]);
  });

  test('leaves nothing behind, in any order of removal', () => {
    for (const leaving of [numbers, numbers.toReversed(), numbers.map((number) => (number * 7) % 1000)]) {
      const index = new FilterIndex<number>();
      const keyPaths = (number: number): readonly KeyPath[] =>
        keyPathsOf({ resource: tenant, or: [{ event: { in: [`e${number % 20}`] } }, { event: { startsWith: ['a', 'b'] } }] });
      for (const number of numbers) index.add(keyPaths(number), number);
      for (const number of leaving) index.remove(keyPaths(number), number);
      expect(index).toEqual(new FilterIndex());
    }
  });
});

function keysOf(filter: EventFilterInput): PresearchKeys | null {
  return presearchKeysOf(canonicalFilter(parseFilter(filter, ['filter'], bounds)).condition);
}

function keyPathsOf(filter: EventFilterInput): readonly KeyPath[] {
  return keysOf(filter)!.keyPaths;
}

/** The filters that an event finds, before any of them is tested. */
function candidatesOf(index: FilterIndex<number>, event: StoredEvent): readonly number[] {
  const candidates = new Set<number>();
  const onBucket: OnBucket<number> = (bucket) => {
    bucket.filters.forEach((filter) => candidates.add(filter));
    bucket.nested?.probe(event, onBucket);
  };
  index.probe(event, onBucket);
  return [...candidates];
}

function pathText(keyPath: KeyPath): string {
  return keyPath.map(keyText).join(' ');
}

function keyText(indexKey: IndexKey): string {
  const { aspect } = indexKey;
  const what =
    aspect.of === 'event'
      ? aspect.field
      : aspect.of === 'payload'
        ? aspect.path.join('.')
        : `${aspect.among}.${aspect.label.replace(/^prefect\.resource\./, '')}`;
  if (indexKey.by === 'exists') return what;
  if (indexKey.by === 'prefix') return `${what}^${indexKey.prefix}`;
  return `${what}=${aspect.of === 'payload' ? JSON.stringify(indexKey.value) : indexKey.value}`;
}
