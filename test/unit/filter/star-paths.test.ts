import { describe, expect, test } from 'vitest';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput, PayloadFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { storedOf } from '../support/valid-event.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };
const found = (filter: EventFilterInput, payload: object): boolean =>
  matches(parseFilter(filter, ['filter'], bounds), storedOf({ id: 'e', event: 'e', resource: { id: 'r' }, payload }));

describe('* in a payload path stands for every element of an array', () => {
  const payload = {
    parcels: [{ weight: 1, to: 'a' }, { weight: 20, to: 'b' }, { to: null }],
    grid: [[1, 2], [], [3, [4]]],
    tags: ['x', null],
    empty: [],
    object: { '*': 5, 'a.b': [6], '0': [7] },
    '*': [8],
  };

  test.each<[PayloadFilterInput, boolean]>([
    [{ path: 'parcels.*.weight', eq: 20 }, true],
    [{ path: 'parcels.*.weight', eq: 2 }, false],
    [{ path: 'parcels.*.weight', in: [2, 1] }, true],
    [{ path: 'parcels.*.weight', gt: 20 }, false],
    [{ path: 'parcels.*.to', eq: null }, true],
    [{ path: 'parcels.*', eq: { to: null } }, true],
    [{ path: 'parcels', eq: { to: null } }, false],
    [{ path: 'grid.*', eq: [] }, true],
    [{ path: 'grid.*.*', eq: 3 }, true],
    [{ path: 'grid.*', eq: 3 }, false],
    [{ path: 'grid.*.*', eq: 4 }, false],
    [{ path: 'grid.*.*.*', eq: 4 }, true],
    [{ path: 'grid.*.1', eq: 2 }, true],
    [{ path: 'grid.*.1', eq: 3 }, false],
    [{ path: 'grid.2.*', eq: 3 }, true],
    [{ path: 'tags.*', eq: 'x' }, true],
    [{ path: 'tags.*.*', exists: true }, false],
    [{ path: 'object.*', eq: 5 }, false],
    [{ path: 'object.*', exists: true }, false],
    [{ path: 'object."*"', eq: 5 }, true],
    [{ path: 'object."a.b".*', eq: 6 }, true],
    [{ path: 'object.a.b.*', exists: true }, false],
    [{ path: 'object.0.*', eq: 7 }, true],
    [{ path: '"*".*', eq: 8 }, true],
    [{ path: '*', exists: true }, false],
    [{ path: '*.*', exists: true }, false],
  ])('%j: %s', (one, expected) => {
    expect(found({ payload: [one] }, payload)).toBe(expected);
  });

  test.each<[string, boolean]>([
    ['parcels.*.weight', true],
    ['tags.*', true],
    ['parcels.*.colour', false],
    ['empty.*', false],
    ['missing.*', false],
    ['object.*', false],
  ])('%s exists: %s', (path, exists) => {
    expect(found({ payload: [{ path, exists: true }] }, payload)).toBe(exists);
    expect(found({ payload: [{ path, exists: false }] }, payload)).toBe(!exists);
    expect(found({ not: { payload: [{ path, exists: true }] } }, payload)).toBe(!exists);
    expect(found({ payload: [{ path, exists: false, eq: 1 }] }, payload)).toBe(false);
  });

  test('several operators hold for one and the same value, several entries need not', () => {
    const on = (...entries: PayloadFilterInput[]): boolean => found({ payload: entries }, { n: [1, 10] });
    expect(on({ path: 'n.*', gt: 2, lt: 9 })).toBe(false);
    expect(on({ path: 'n.*', gt: 2 }, { path: 'n.*', lt: 9 })).toBe(true);
    expect(on({ path: 'n.*', exists: true, gt: 2, lte: 10 })).toBe(true);
  });

  test('a negation is that of the whole: no value satisfies the comparison', () => {
    const not = (path: string): EventFilterInput => ({ not: { payload: [{ path, eq: 1 }] } });
    expect(found(not('n.*'), { n: [1, 2] })).toBe(false);
    expect(found(not('n.*'), { n: [2, 3] })).toBe(true);
    expect(found(not('n.*'), {})).toBe(true);
  });

  test('a long list of values is compared as a short one is', () => {
    const values = [...Array.from({ length: 20 }, (_, n) => `v${n}`), 0, true, null, { a: 1 }, [2]];
    for (const [value, expected] of [
      ['v7', true],
      ['v70', false],
      [-0, true],
      ['0', false],
      [false, false],
      [null, true],
      [{ a: 1 }, true],
      [{ a: 2 }, false],
      [[2], true],
      [2, false],
    ] as const) {
      expect(found({ payload: [{ path: 'n', in: values }] }, { n: value })).toBe(expected);
      expect(found({ payload: [{ path: 'n.*', in: values }] }, { n: ['x', value] })).toBe(expected);
    }
  });
});
