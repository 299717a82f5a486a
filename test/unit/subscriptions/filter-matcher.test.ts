import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredEvent } from '../../../src/event/event.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { FilterIndex } from '../../../src/subscriptions/matching/filter-index.ts';
import { FilterMatcher } from '../../../src/subscriptions/matching/filter-matcher.ts';
import { anyEvent, anyFilter } from '../../support/oracles/random-filters.ts';
import { storedOf } from '../support/valid-event.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };
const parsed = (input: EventFilterInput) => parseFilter(input, ['filter'], bounds);
const found = <S>(matcher: FilterMatcher<S>, event: StoredEvent): readonly S[] =>
  matcher.matching(event).flatMap(({ subscribers }) => [...subscribers]);

const seed = testSeed();
// TIDINGS_FILTER_ROUNDS makes a run longer.
const rounds = Number(process.env['TIDINGS_FILTER_ROUNDS'] ?? 3);

test(
  'finds what a loop over all filters finds, while filters come and go',
  () => {
    let pairs = 0;
    let matched = 0;
    for (let round = 0; round < rounds; round += 1) {
      const draw = { seed: seed + round };
      const filters = fc.sample(anyFilter, { ...draw, numRuns: 800 }).map(parsed);
      const events = fc.sample(anyEvent, { ...draw, numRuns: 60 }).map((event, index) => storedOf({ ...event, id: `e${index}` }));
      // Filters are first only added, which fills buckets, then added and removed, then all
      // removed.
      const steps = fc.sample(fc.tuple(fc.nat(), fc.boolean()), { ...draw, numRuns: 1500 });
      const matcher = new FilterMatcher<number>();
      const live = new Map<number, { readonly filter: (typeof filters)[number]; readonly remove: () => void }>();
      const removeOne = (number: number): void => {
        const subscriber = [...live.keys()][number % live.size];
        if (subscriber === undefined) return;
        live.get(subscriber)?.remove();
        live.delete(subscriber);
      };
      const check = (event: StoredEvent): void => {
        const expected = [...live].filter(([, { filter }]) => matches(filter, event)).map(([subscriber]) => subscriber);
        const actual = found(matcher, event).toSorted((a, b) => a - b);
        expect(actual, `round ${round}, event ${JSON.stringify(event)}`).toEqual(expected);
        pairs += live.size;
        matched += expected.length;
      };
      for (const [step, [number, growing]] of steps.entries()) {
        const filter = filters[number % filters.length]!;
        if (growing || step < filters.length) live.set(step, { filter, remove: matcher.add(filter, step) });
        else removeOne(number);
        if (step % 10 === 0) check(events[number % events.length]!);
      }
      for (let left = live.size; left > 0; left -= 1) {
        removeOne(steps[left % steps.length]![0]);
        if (left % 10 === 0) check(events[left % events.length]!);
      }
      expectEmpty(matcher);
    }
    console.log(`matcher: ${pairs} pairs, ${matched} of them matching`);
    expect(matched).toBeGreaterThan(pairs / 20);
  },
  60_000 + rounds * 20_000,
);

describe('equal filters', () => {
  const words: EventFilterInput = { resource: { id: { in: ['kiki', 'jo'] } }, event: { startsWith: ['a.'] } };
  const inOtherWords: EventFilterInput = {
    and: [{ not: { not: { event: { startsWith: ['a.', 'a.'] } } } }, { or: [{ resource: { id: { in: ['jo', 'kiki'] } } }] }],
  };
  const event = storedOf({ id: 'e1', event: 'a.b', resource: { id: 'kiki' } });

  test('are one group, with its subscribers in the order in which they were added', () => {
    const matcher = new FilterMatcher<string>();
    matcher.add(kiki(), 'first');
    matcher.add(parsed(inOtherWords), 'second');
    const groups = matcher.matching(event);
    expect(groups).toHaveLength(1);
    expect([...groups[0]!.subscribers]).toEqual(['first', 'second']);
    expect(matcher.filterCounts).toEqual({ exact: 1, inexact: 0, none: 0 });
  });

  test('the group is the same at every event, until its last subscriber leaves', () => {
    const matcher = new FilterMatcher<string>();
    const remove = matcher.add(kiki(), 'first');
    const [group] = matcher.matching(event);
    matcher.add(parsed(inOtherWords), 'second');
    remove();
    expect(matcher.matching(event)).toEqual([group]);
    expect(matcher.matching(event)[0]).toBe(group);
    expect([...group!.subscribers]).toEqual(['second']);
  });

  test('a subscriber that was added twice is there twice, and each removal removes once', () => {
    const matcher = new FilterMatcher<string>();
    const removals = [matcher.add(kiki(), 'same'), matcher.add(kiki(), 'same')];
    expect(found(matcher, event)).toEqual(['same', 'same']);
    removals[0]!();
    removals[0]!();
    expect(found(matcher, event)).toEqual(['same']);
    removals[1]!();
    expectEmpty(matcher);
    const stays = matcher.add(kiki(), 'new');
    removals[1]!();
    expect(found(matcher, event)).toEqual(['new']);
    stays();
    expectEmpty(matcher);
  });

  function kiki() {
    return parsed(words);
  }
});

test('a filter is found once by an event that has several of its keys', () => {
  const matcher = new FilterMatcher<string>();
  const related = (id: string) => ({ id, role: 'actor', labels: { team: 'a' } });
  matcher.add(
    parsed({ or: [{ event: { in: ['e'] } }, { related: [{ id: { in: ['a', 'b'] } }] }, { id: ['x'], event: { in: ['e'] } }] }),
    's',
  );
  expect(found(matcher, storedOf({ id: 'x', event: 'e', resource: { id: 'r' }, related: [related('a'), related('b')] }))).toEqual(['s']);
});

test('filterCounts counts the filters by the kind of their keys', () => {
  const matcher = new FilterMatcher<number>();
  const filters: readonly EventFilterInput[] = [
    { id: ['a'] },
    { event: { startsWith: ['a'] } },
    { payload: [{ path: 'a', gt: 1 }] },
    { not: { id: ['a'] } },
    {},
    { event: { in: [] } },
  ];
  const removals = filters.map((filter, index) => matcher.add(parsed(filter), index));
  expect(matcher.filterCounts).toEqual({ exact: 2, inexact: 2, none: 2 });
  for (const remove of removals) remove();
  expectEmpty(matcher);
});

describe('more indexed labels and paths than an event has', () => {
  const many = Array.from({ length: 300 }, (_, index) => `k${index}`);
  const odd = [
    '__proto__',
    'constructor',
    'toString',
    'prefect.resource.name',
    'prefect.resource.role',
    'prefect.resource.id',
    'prefect.name',
  ];

  test('labels', () => {
    const matcher = new FilterMatcher<string>();
    const filters = [...many, ...odd].flatMap((key): EventFilterInput[] => [
      { resource: { labels: [{ key, in: ['v'] }] } },
      { related: [{ labels: [{ key, like: ['v*'] }] }] },
      { anyResource: [{ labels: [{ key, exists: true }] }] },
    ]);
    expectAlike(matcher, filters, [
      { resource: { id: 'v', labels: { k1: 'v', k2: 'w', 'prefect.resource.role': 'v', other: 'v' } } },
      { resource: { id: 'r', labels: { 'prefect.name': 'v' } }, related: [{ id: 'v2', role: 'v', labels: { k299: 'v3' } }] },
      { resource: { id: 'r', labels: JSON.parse('{"__proto__":"v","constructor":"v"}') } },
    ]);
  });

  test('payload paths', () => {
    const matcher = new FilterMatcher<string>();
    const filters = [...many, ...odd, '0', '01', '1', '-1', 'length'].flatMap((key): EventFilterInput[] => [
      { payload: [{ path: `"${key}"`, eq: 1 }] },
      { payload: [{ path: `a."${key}"`, in: ['1', null, true, -0] }] },
      { payload: [{ path: `a."${key}".a`, exists: true }] },
      { payload: [{ path: `a."${key}"`, eq: { a: 1 } }] },
    ]);
    expectAlike(matcher, filters, [
      {
        payload: {
          k1: 1,
          k2: '1',
          k8: undefined,
          a: { k9: { a: undefined }, k3: '1', k4: null, k5: true, k6: 0, k7: { a: 1 }, '01': { a: null } },
        },
      },
      { payload: { a: ['1', { a: 1 }] } },
      { payload: { k1: 1, a: [] } },
      { payload: JSON.parse('{"__proto__":1,"a":{"__proto__":{"a":1},"length":null}}') },
    ]);
  });

  test('a path steps into the entries of an array, and nothing else of it', () => {
    const filters = ['length', '0', '1'].map((key): EventFilterInput => ({ payload: [{ path: `a.${key}`, eq: 1 }] }));
    expectAlike(new FilterMatcher(), filters, [{ payload: { a: [1] } }]);
  });

  function expectAlike(matcher: FilterMatcher<string>, filters: readonly EventFilterInput[], events: readonly object[]): void {
    const conditions = filters.map((filter) => ({ filter, condition: parsed(filter) }));
    const removals = conditions.map(({ filter, condition }) => matcher.add(condition, JSON.stringify(filter)));
    for (const each of events) {
      const event = storedOf({ id: 'e', event: 'e', resource: { id: 'r' }, ...each });
      const expected = conditions.filter(({ condition }) => matches(condition, event)).map(({ filter }) => JSON.stringify(filter));
      expect(expected.length).toBeGreaterThan(0);
      expect(found(matcher, event).toSorted()).toEqual(expected.toSorted());
    }
    for (const remove of removals) remove();
    expectEmpty(matcher);
  }
});

function expectEmpty<S>(matcher: FilterMatcher<S>): void {
  expect(matcher.filterCounts).toEqual({ exact: 0, inexact: 0, none: 0 });
  expect(matcher['groups'].size).toBe(0);
  expect(matcher['unindexed'].size).toBe(0);
  expect(matcher['index']).toEqual(new FilterIndex());
}
