import { describe, expect, test } from 'vitest';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { readSettings } from '../../../src/settings.ts';
import { rejection } from '../support/rejection.ts';

type FilterBounds = Parameters<typeof parseFilter>[2];
const defaults = { ...readSettings({}), filterDepth: 10 };

function reading(filter: EventFilterInput, bounds: Partial<FilterBounds> = {}): unknown {
  return rejection(() => parseFilter(filter, ['filter'], { ...defaults, ...bounds }));
}
const read = expect.objectContaining({ returned: expect.anything() });
const rejectionOf = (path: readonly string[], message: string): unknown => ({ code: 'BAD_FILTER', path, message });

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `name-${index}`);

describe('BAD_FILTER, with the path of what is wrong', () => {
  test.each<[string, (values: string[]) => EventFilterInput]>([
    ['filter.id', (values) => ({ id: values })],
    ['filter.event.in', (values) => ({ event: { in: values } })],
    ['filter.event.startsWith', (values) => ({ event: { startsWith: values } })],
    ['filter.event.notIn', (values) => ({ event: { notIn: values } })],
    ['filter.resource.id.notStartsWith', (values) => ({ resource: { id: { notStartsWith: values } } })],
  ])('%s: a list of more than 1,000 values, and a value that no event can have', (path, filter) => {
    expect(reading(filter(names(1000)))).toEqual(read);
    expect(reading(filter(names(1001)))).toEqual(
      rejectionOf(path.split('.'), `${path}: expected at most 1000 values in one list, got 1001`),
    );
    for (const [text, what] of [
      ['a\0', 'the character U+0000, which cannot be stored'],
      ['\ud83d', 'a lone surrogate, which is no Unicode text'],
    ] as const) {
      expect(reading(filter(['fine', text]))).toEqual(rejectionOf([...path.split('.'), '1'], `${path}.1: the string has ${what}`));
    }
  });

  test.each(['since', 'until'])('filter.occurred.%s: no time', (bound) => {
    for (const text of ['', 'yesterday', '2026-02-30T00:00:00Z', '2026-11-23T14:41:10Z\0']) {
      expect(reading({ occurred: { [bound]: text } })).toEqual(
        rejectionOf(
          ['filter', 'occurred', bound],
          `filter.occurred.${bound}: expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got ${JSON.stringify(text)}`,
        ),
      );
    }
  });

  test('the path begins where the filter stands', () => {
    expect(rejection(() => parseFilter({ id: ['\0'] }, ['input', 'filter'], defaults))).toHaveProperty('path', [
      'input',
      'filter',
      'id',
      '0',
    ]);
  });
});

describe('a filter has a bounded number of nodes: fields and operators that say something', () => {
  const filter: EventFilterInput = {
    id: ['a', 'b', 'c'],
    event: { in: ['a'], notIn: null, startsWith: ['b'] },
    resource: { id: {} },
    occurred: null,
  };

  test('as many as it may have', () => {
    expect(reading(filter, { filterNodes: 6 })).toEqual(read); // id, event, in, startsWith, resource, resource.id
    expect(reading(filter, { filterNodes: 5 })).toEqual(rejectionOf(['filter'], 'filter: expected a filter of at most 5 nodes, got more'));
  });

  test('one that says nothing has none', () => {
    expect(reading({ id: null, event: undefined }, { filterNodes: 0 })).toEqual(read);
  });
});

test('the length of a list is a setting', () => {
  expect(reading({ id: ['a', 'b'] }, { filterListLength: 2 })).toEqual(read);
  expect(reading({ id: ['a', 'b', 'c'] }, { filterListLength: 2 })).toHaveProperty('path', ['filter', 'id']);
});
