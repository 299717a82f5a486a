import { expect, describe, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import { visibilityOf } from '../../../src/auth/key-visibility.ts';
import { describeFilter } from '../../../src/filter/explain/describe-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { parsePermissionFilter, parseStoredPermissionFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { StoredKey } from '../../../src/store/api-keys.ts';
import { rejection } from '../support/rejection.ts';

const bounds = readSettings({});
const acme = { event: { startsWith: ['acme.'] } };
const withoutEffect = 'expected a condition that excludes something, because this filter is a permission; got one that excludes nothing';

describe('a filter that is a permission is rejected where a part of it excludes nothing', () => {
  test.each<[string, EventFilterInput]>([
    ['', {}],
    ['', { event: null, resource: null }],
    ['event', { event: {} }],
    ['event', { event: { startsWith: null, in: undefined } }],
    ['event.startsWith', { event: { startsWith: ['acme.', ''] } }],
    ['event.like', { event: { like: ['**'] } }],
    ['event.notIn', { event: { notIn: [] } }],
    ['event.notStartsWith', { event: { in: ['a'], notStartsWith: [] } }],
    ['event.notLike', { event: { notLike: [] } }],
    ['occurred', { ...acme, occurred: { since: null } }],
    ['received', { received: {} }],
    ['resource', { ...acme, resource: {} }],
    ['resource.id', { ...acme, resource: { id: { startsWith: null } } }],
    ['resource.id.startsWith', { resource: { id: { startsWith: [''] } } }],
    ['resource.labels', { resource: { id: { in: ['a'] }, labels: [] } }],
    ['resource.labels.0', { resource: { labels: [{ key: 'team' }] } }],
    ['resource.labels.0.exists', { resource: { labels: [{ key: 'prefect.resource.id', exists: true }] } }],
    [
      'resource.labels.1.notIn',
      {
        resource: {
          labels: [
            { key: 'team', in: ['a'] },
            { key: 'b', notIn: [] },
          ],
        },
      },
    ],
    ['related', { ...acme, related: [] }],
    ['related.0', { related: [{}] }],
    ['related.0.id', { related: [{ role: ['actor'], id: {} }] }],
    ['anyResource.1', { anyResource: [{ id: { in: ['a'] } }, { id: null }] }],
    ['payload', { ...acme, payload: [] }],
    ['payload.0', { payload: [{ path: 'a' }] }],
    ['payload.0', { payload: [{ path: 'a.*.b', in: null }] }],
    ['and', { ...acme, and: [] }],
    ['and.0', { and: [{}] }],
    ['or.1', { or: [acme, {}] }],
    ['or.0.event', { or: [{ event: { in: null } }, acme] }],
    ['not', { not: { event: { in: [] } } }],
    ['not', { not: { or: [] } }],
    ['not', { not: { payload: [{ path: 'a', in: [] }] } }],
    ['not', { not: { occurred: { since: '2026-01-01T00:00:00Z', until: '2026-01-01T00:00:00Z' } } }],
    ['not', { not: { not: {} } }],
    ['not.event', { ...acme, not: { event: { startsWith: null } } }],
  ])('at %j', (at, input) => {
    const path = ['input', 'filter', ...(at === '' ? [] : at.split('.'))];
    expect(rejection(() => parsePermissionFilter(input, ['input', 'filter'], bounds))).toEqual({
      code: 'BAD_FILTER',
      path,
      message: `${path.join('.')}: ${withoutEffect}`,
    });
  });

  test('a null or an infinite bound of a comparison, which is no bound once stored', () => {
    for (const to of [null, Infinity, -Infinity]) {
      expect(rejection(() => parsePermissionFilter({ payload: [{ path: 'a', gte: 1, lt: to }] }, ['f'], bounds))).toMatchObject({
        code: 'BAD_FILTER',
        path: ['f', 'payload', '0', 'lt'],
      });
    }
  });

  test('what excludes some event, or every event, is accepted', () => {
    const accepted: readonly EventFilterInput[] = [
      acme,
      { event: { in: [] } },
      { or: [] },
      { not: {} },
      { id: [] },
      { follows: ['a'] },
      { text: '-a' },
      { event: { like: ['*.*'], in: null } },
      { resource: { labels: [{ key: 'team', like: ['*'] }] } },
      { related: [{ role: [] }] },
      {
        payload: [
          { path: 'a', exists: false },
          { path: 'b', eq: null },
        ],
      },
      { not: { event: { startsWith: ['tidings.'] } } },
      { occurred: { since: '2026-01-01T00:00:00Z' } },
    ];
    for (const input of accepted) expect(rejection(() => parsePermissionFilter(input, ['f'], bounds))).toHaveProperty('returned');
  });
});

describe('a stored filter fails closed', () => {
  const key = (filter: string | null, permissions: readonly string[] = ['read']): StoredKey => {
    const none = { id: 'k', name: 'k', hash: Buffer.of(), emitPrefix: null, created: '' as never, expires: null, revoked: null };
    return { ...none, permissions, filter };
  };
  const seen = (filter: string | null, permissions?: readonly string[]): readonly [string, string | null] => {
    const { condition, problem } = visibilityOf(key(filter, permissions), bounds);
    return [describeFilter(condition), problem];
  };

  test.each([
    ['{', 'filter: expected JSON, got other text'],
    ['[]', 'filter: expected an object, got an array'],
    ['null', 'filter: expected an object, got null'],
    ['{}', `filter: ${withoutEffect}`],
    ['{"event":{"startsWith":null}}', `filter: ${withoutEffect}`],
    ['{"event":{"in":["a"]},"severity":{"in":["b"]}}', 'filter.severity: expected a known field, got an unknown one'],
    ['{"or":[{"resource":{"id":{"endsWith":["a"]}}}]}', 'filter.or.0.resource.id.endsWith: expected a known field, got an unknown one'],
    ['{"__proto__":{"in":["a"]}}', 'filter.__proto__: expected a known field, got an unknown one'],
    ['{"payload":[{"path":"a","gte":1,"lt":null}]}', 'filter.payload.0.lt: expected a number or a string, got null'],
    ['{"event":{"in":"a"}}', 'filter.event.in: expected a list, got "a"'],
    ['{"related":[{"role":[1]}]}', 'filter.related.0.role.0: expected a string, got the number 1'],
    ['{"text":1}', 'filter.text: expected a string, got the number 1'],
  ])('%s sees nothing', (filter, problem) => {
    expect(seen(filter)).toEqual(['no event', problem]);
  });

  test('the numbers of a filter keep their value', () => {
    expect(seen('{"payload":[{"path":"p","gt":9007199254740993,"lt":1e400}]}')[0]).toMatch(
      /more than 9007199254740993 and is less than 10{50,}/,
    );
    expect(seen('{"payload":[{"path":"p","gt":1e9999}]}')).toEqual([
      'no event',
      'filter.payload.0.gt: expected a number or a string, got the number 1e9999',
    ]);
  });

  test('a filter with nulls for what was left out is applied', () => {
    expect(seen('{"event":{"in":["a"],"like":null},"id":null,"payload":[{"path":"p","eq":null}]}')).toEqual([
      'the event is "a", and the payload at p is null',
      null,
    ]);
    expect(seen(null)).toEqual(['every event', null]);
    expect(seen(null, ['emit'])).toEqual(['no event', null]);
  });

  test('without effect in a part only, it was accepted by an earlier version, and restricts as it did', () => {
    expect(rejection(() => parseStoredPermissionFilter({ event: { in: ['a'] }, related: [] }, ['f'], bounds))).toHaveProperty('returned');
  });
});
