import { describe, expect, test } from 'vitest';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput, PayloadFilterInput } from '../../../src/filter/parse/filter-input.ts';
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

describe('BAD_FILTER, with the path of the offending part', () => {
  test.each<[string, (values: string[]) => EventFilterInput]>([
    ['filter.id', (values) => ({ id: values })],
    ['filter.event.in', (values) => ({ event: { in: values } })],
    ['filter.event.startsWith', (values) => ({ event: { startsWith: values } })],
    ['filter.event.notIn', (values) => ({ event: { notIn: values } })],
    ['filter.event.like', (values) => ({ event: { like: values } })],
    ['filter.resource.id.notStartsWith', (values) => ({ resource: { id: { notStartsWith: values } } })],
    ['filter.resource.id.notLike', (values) => ({ resource: { id: { notLike: values } } })],
  ])('%s: a list of more than 1,000 values, and a value that no event can have', (path, filter) => {
    expect(reading(filter(names(1000)))).toEqual(read);
    expect(reading(filter(names(1001)))).toEqual(
      rejectionOf(path.split('.'), `${path}: expected at most 1000 values in one list, got 1001`),
    );
    for (const [text, what] of [
      ['a\0', 'the character U+0000, which cannot be stored'],
      ['\ud83d', 'a lone surrogate, which is not Unicode text'],
    ] as const) {
      expect(reading(filter(['fine', text]))).toEqual(rejectionOf([...path.split('.'), '1'], `${path}.1: the string has ${what}`));
    }
  });

  test.each(['since', 'until'])('filter.occurred.%s: a text that is not a time', (bound) => {
    for (const text of ['', 'yesterday', '2026-02-30T00:00:00Z', '2026-11-23T14:41:10Z\0']) {
      expect(reading({ occurred: { [bound]: text } })).toEqual(
        rejectionOf(
          ['filter', 'occurred', bound],
          `filter.occurred.${bound}: expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got ${JSON.stringify(text)}`,
        ),
      );
    }
  });

  const globFields: readonly [string, (globs: string[]) => EventFilterInput][] = [
    ['filter.event.like', (globs) => ({ event: { like: globs } })],
    ['filter.event.notLike', (globs) => ({ event: { notLike: globs } })],
    ['filter.resource.id.like', (globs) => ({ resource: { id: { like: globs } } })],
    ['filter.related.0.id.notLike', (globs) => ({ related: [{ id: { notLike: globs } }] })],
    ['filter.anyResource.0.id.like', (globs) => ({ anyResource: [{ id: { like: globs } }] })],
    ['filter.resource.labels.0.like', (globs) => ({ resource: { labels: [{ key: 'k', like: globs }] } })],
  ];
  test.each(globFields)('%s: a glob of more than 1,024 characters, and more than 16,384 in all globs', (path, filter) => {
    expect(reading(filter(['a', '💌'.repeat(1024)]))).toEqual(read);
    expect(reading(filter(['a', '💌'.repeat(1025)]))).toEqual(
      rejectionOf([...path.split('.'), '1'], `${path}.1: expected a glob of at most 1024 characters, got more`),
    );
    const long = 'a'.repeat(1024);
    const half: EventFilterInput = { event: { notLike: Array.from({ length: 8 }, () => long) } };
    expect(reading({ and: [half, filter(Array.from({ length: 8 }, () => long))] })).toEqual(read);
    expect(reading({ and: [half, filter([...Array.from({ length: 8 }, () => long), 'a'])] })).toEqual(
      rejectionOf(['filter'], 'filter: expected at most 16384 characters in all globs of a filter, got more'),
    );
  });

  test.each([
    ['a..b', 'expected dotted keys such as a."b.c".0 or a.*.b, got "a..b"'],
    ['$.a', 'expected dotted keys such as a."b.c".0 or a.*.b, got "$.a"; leave out "$.", or quote the key'],
    ['a[0]', 'expected dotted keys such as a."b.c".0 or a.*.b, got "a[0]"; write a.0 for a[0] and a.* for a[*], or quote the key'],
    ['/a', 'expected dotted keys such as a."b.c".0 or a.*.b, got "/a"; write a.b for /a/b, or quote the key'],
    ['a."b', 'expected dotted keys such as a."b.c".0 or a.*.b, got "a.\\"b"'],
    [`a${'.*'.repeat(9)}`, 'expected at most 8 steps *, got more'],
  ])('the payload path %s', (path, expectation) => {
    expect(reading({ payload: [{ path: 'a' }, { path, eq: 1 }] })).toEqual(
      rejectionOf(['filter', 'payload', '1', 'path'], `filter.payload.1.path: ${expectation}`),
    );
  });

  test.each<[PayloadFilterInput, string]>([
    [{ path: 'a', eq: '\0' }, 'eq'],
    [{ path: 'a', eq: { b: ['c', '\0'] } }, 'eq.b.1'],
    [{ path: 'a', in: [1, '\0'] }, 'in.1'],
    [{ path: 'a', in: [1, { b: '\0' }] }, 'in.1.b'],
    [{ path: 'a', gt: '\0' }, 'gt'],
  ])('a value that cannot be stored has the path at which it is given: %j', (entry, at) => {
    const path = `filter.payload.0.${at}`;
    expect(reading({ payload: [entry] })).toEqual(
      rejectionOf(path.split('.'), `${path}: the string has the character U+0000, which cannot be stored`),
    );
  });

  test('the path begins with that of the filter', () => {
    expect(rejection(() => parseFilter({ id: ['\0'] }, ['input', 'filter'], defaults))).toHaveProperty('path', [
      'input',
      'filter',
      'id',
      '0',
    ]);
  });
});

describe('a filter has a bounded number of nodes: the fields and operators that are given', () => {
  const filter: EventFilterInput = {
    id: ['a', 'b', 'c'],
    event: { in: ['a'], notIn: null, startsWith: ['b'] },
    resource: { id: {} },
    occurred: null,
  };

  test('at most as many as the setting says', () => {
    expect(reading(filter, { filterNodes: 6 })).toEqual(read); // id, event, in, startsWith, resource, resource.id
    expect(reading(filter, { filterNodes: 5 })).toEqual(rejectionOf(['filter'], 'filter: expected a filter of at most 5 nodes, got more'));
  });

  test('a step * is one', () => {
    const one = { payload: [{ path: 'a.*.b.*', eq: 1 }] };
    expect(reading(one, { filterNodes: 4 })).toEqual(read); // the entry, eq, * and *
    expect(reading(one, { filterNodes: 3 })).toEqual(rejectionOf(['filter'], 'filter: expected a filter of at most 3 nodes, got more'));
  });

  test('a filter without conditions has none', () => {
    expect(reading({ id: null, event: undefined }, { filterNodes: 0 })).toEqual(read);
  });
});

test('the length of a list is a setting', () => {
  expect(reading({ id: ['a', 'b'] }, { filterListLength: 2 })).toEqual(read);
  expect(reading({ id: ['a', 'b', 'c'] }, { filterListLength: 2 })).toHaveProperty('path', ['filter', 'id']);
});
