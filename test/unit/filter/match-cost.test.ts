import { expect, test } from 'vitest';
import { matchCost } from '../../../src/filter/match-cost.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { storedOf } from '../support/valid-event.ts';

const parsed = (input: EventFilterInput) => parseFilter(input, [], { filterNodes: 500, filterDepth: 10, filterListLength: 1000 });
const event = storedOf({
  id: 'e',
  event: 'x'.repeat(1000),
  resource: { id: 'r', labels: { k: 'y'.repeat(5000) } },
  payload: { list: Array.from({ length: 10_000 }, (_, n) => n), text: 'z'.repeat(20_000) },
});

test.each<[EventFilterInput, number]>([
  [{}, 0],
  [{ event: { in: ['a'], startsWith: ['b'] }, occurred: { since: '2026-01-01T00:00:00Z' } }, 0],
  [{ payload: [{ path: 'list.0', in: [1, 2, 3] }] }, 0],
  [{ event: { like: ['abc*', '?'] } }, 5 * 1001],
  [{ not: { event: { notLike: ['abc*'] } } }, 4 * 1001],
  [{ resource: { id: { like: ['abcd'] } } }, 4 * 5001],
  [{ anyResource: [{ labels: [{ key: 'k', notLike: ['abcd'] }] }] }, 4 * 5001],
  [{ text: 'abcd' }, (4 * (1000 + 1 + 5000 + 20_000 + 3)) / 20],
])('the cost of %j is bounded by its length times that of the texts', (filter, cost) => {
  expect(matchCost(parsed(filter), event)).toBe(cost);
});

test('the cost of a comparison at a path with * grows with the payload', () => {
  const one = matchCost(parsed({ payload: [{ path: 'list.*', gt: 1 }] }), event);
  expect(one).toBeGreaterThan(10 * 10_000);
  expect(one).toBeLessThan(500_000);
  expect(matchCost(parsed({ payload: [{ path: 'list.*', in: [1, 2, 3] }] }), event)).toBe(3 * one);
  expect(matchCost(parsed({ payload: [{ path: 'list.*', in: Array.from({ length: 1000 }, String) }] }), event)).toBe(8 * one);
  const objects = Array.from({ length: 1000 }, (_, n) => ({ n }));
  expect(matchCost(parsed({ payload: [{ path: 'list.*', in: objects }] }), event)).toBe(8 * one);
});

test('a comparison with objects at an exact path grows with the payload, one with scalars does not', () => {
  expect(matchCost(parsed({ payload: [{ path: 'list', in: [{ a: 1 }] }] }), event)).toBeGreaterThan(10 * 10_000);
  expect(matchCost(parsed({ payload: [{ path: 'list', in: [1, 'a', null] }] }), event)).toBe(0);
});
