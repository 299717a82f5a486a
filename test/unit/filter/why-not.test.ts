import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { whyNot } from '../../../src/filter/explain/why-not.ts';
import { anyFilter } from '../../support/oracles/random-filters.ts';
import { rejection } from '../support/rejection.ts';
import { anyStoredEvent, storedAs } from '../support/stored-events.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };
const event = storedAs({
  id: 'e1',
  event: 'acme.order.placed',
  occurred: '2026-11-23T14:41:10Z',
  resource: { id: 'acme.order.7', name: 'Order 7', labels: { env: 'prod' } },
  related: [
    { id: 'acme.user.kiki', role: 'actor', labels: { team: 'data' } },
    { id: 'acme.user.jo', role: 'owner', labels: { team: 'core' } },
  ],
  payload: { n: 10, tags: ['x'], numbers: [1, 20], nothing: null, long: 'x'.repeat(999), short: 'x'.repeat(998) },
});

/** The clauses that fail, as `path: expected | got`. */
function fails(filter: EventFilterInput, of = event): string[] {
  return whyNot(filter, of, bounds).map(({ path, expected, got }) => `${path.slice(1).join('.')}: ${expected} | ${JSON.stringify(got)}`);
}

test('an event that matches fails nothing', () => {
  expect(fails({})).toEqual([]);
  expect(fails({ id: ['e1'], related: [{ role: ['actor'] }], or: [{ id: [] }, {}], not: { event: { in: ['other'] } } })).toEqual([]);
});

describe('every operator that fails is named, with the expected and the given value', () => {
  test.each<[EventFilterInput, string[]]>([
    [{ id: ['e2'] }, ['id: the event has the id "e2" | "e1"']],
    [{ follows: ['e0'] }, ['follows: the event follows "e0" | null']],
    [
      { occurred: { since: '2027-01-01T00:00:00Z', until: '2028-01-01T00:00:00Z' } },
      ['occurred.since: the event occurred at or after 2027-01-01T00:00:00.000000Z | "2026-11-23T14:41:10.000000Z"'],
    ],
    [
      { event: { startsWith: ['acme.flow.'], notIn: ['acme.order.placed'], notStartsWith: ['other'] } },
      [
        'event.startsWith: the event begins with "acme.flow." | "acme.order.placed"',
        'event.notIn: the event is not "acme.order.placed" | "acme.order.placed"',
      ],
    ],
    [
      { event: { like: ['acme.*', 'other'], notLike: ['*placed'] }, resource: { id: { like: ['*.8'] } } },
      [
        'event.notLike: the event is not like "*placed" | "acme.order.placed"',
        'resource.id.like: the primary resource has an id like "*.8" | "acme.order.7"',
      ],
    ],
    [{ event: { in: [] } }, ['event.in: the event is one of an empty list | "acme.order.placed"']],
    [
      {
        resource: {
          id: { in: ['other'] },
          labels: [
            { key: 'env', exists: true, notIn: ['prod'] },
            { key: 'tier', like: ['g*'] },
          ],
        },
      },
      [
        'resource.id.in: the primary resource has the id "other" | "acme.order.7"',
        'resource.labels.0.notIn: the primary resource has no label "env" equal to "prod" | "prod"',
        'resource.labels.1.like: the primary resource has a label "tier" like "g*" | null',
      ],
    ],
    [
      {
        payload: [
          { path: 'n', gt: 10, lte: 10 },
          { path: 'nothing', eq: 1 },
          { path: 'a.b', eq: null },
        ],
      },
      [
        'payload.0.gt: the payload at n is more than 10 | 10',
        'payload.1.eq: the payload at nothing is 1 | null',
        'payload.2.eq: the payload at a.b is null | null',
      ],
    ],
  ])('%j', (filter, expected) => {
    expect(fails(filter)).toEqual(expected);
  });
});

describe('one and the same related resource must meet all of an entry', () => {
  test('what none of them meets is named by itself', () => {
    expect(fails({ related: [{ role: ['actor', 'owner'] }, { role: ['flow'], labels: [{ key: 'team', in: ['data'] }] }] })).toEqual([
      'related.1.role: some one related resource has the role "flow" | ["actor","owner"]',
    ]);
    expect(fails({ related: [{ id: { startsWith: ['acme.flow.'] } }], anyResource: [{ labels: [{ key: 'team', in: ['x'] }] }] })).toEqual([
      'related.0.id.startsWith: some one related resource has an id beginning with "acme.flow." | ["acme.user.kiki","acme.user.jo"]',
      'anyResource.0.labels.0.in: some one primary or related resource has a label "team" equal to "x" | ["data","core"]',
    ]);
  });

  test('what each meets in part is named as a whole', () => {
    expect(fails({ related: [{ role: ['actor'], labels: [{ key: 'team', in: ['core'] }] }] })).toEqual([
      'related.0: some one related resource has the role "actor" and a label "team" equal to "core": each part of this is met, but no single resource meets all of it | [{"role":"actor","id":"acme.user.kiki"},{"role":"owner","id":"acme.user.jo"}]',
    ]);
  });

  test('or as small as it can be', () => {
    const team = { key: 'team', like: ['d*'], notIn: ['data'] };
    expect(fails({ related: [{ role: ['actor', 'owner'], labels: [team] }] })).toEqual([
      'related.0.labels.0: some one related resource has no label "team" equal to "data" and a label "team" like "d*": each part of this is met, but no single resource meets all of it | ["data","core"]',
    ]);
  });

  test('where there is no related resource nothing is met', () => {
    const alone = { ...event, related: [] };
    expect(fails({ related: [{}] }, alone)).toEqual(['related.0: there is a related resource | null']);
    expect(fails({ related: [{ id: { notIn: ['x'] } }] }, alone)).toEqual([
      'related.0.id.notIn: some one related resource does not have the id "x" | null',
    ]);
  });
});

describe('one and the same value must meet all of an entry whose path has *', () => {
  test('an operator that none of them meets is named by itself', () => {
    expect(fails({ payload: [{ path: 'numbers.*', gt: 20, exists: true }] })).toEqual([
      'payload.0.gt: some one value in the payload at numbers.* is more than 20 | [1,20]',
    ]);
    expect(fails({ payload: [{ path: 'none.*', eq: null }] })).toEqual([
      'payload.0.eq: some one value in the payload at none.* is null | null',
    ]);
    expect(fails({ payload: [{ path: 'numbers.*', exists: false, eq: 1 }] })).toEqual([
      'payload.0.exists: no value in the payload at numbers.* exists | [1,20]',
    ]);
  });

  test('operators that different values meet are named as a whole', () => {
    expect(fails({ payload: [{ path: 'numbers.*', gt: 2, lt: 9 }] })).toEqual([
      'payload.0: some one value in the payload at numbers.* is more than 2 and is less than 9: each part of this is met, but no single value meets all of it | [1,20]',
    ]);
  });
});

describe('and, or, not', () => {
  const other = { event: { in: ['other'] } };
  const otherFails = (path: string): string => `${path}.event.in: the event is "other" | "acme.order.placed"`;

  test('each entry of an and', () => {
    expect(fails({ and: [{ id: ['e1'] }, other, { and: [other] }] })).toEqual([otherFails('and.1'), otherFails('and.2.and.0')]);
  });

  test('an or as a whole, and below it what fails of each alternative', () => {
    expect(fails({ or: [other, { id: ['e1'] }] })).toEqual([]);
    expect(fails({ or: [other, { or: [other] }] })).toEqual([
      'or: either the event is "other" or the event is "other" | null',
      otherFails('or.0'),
      'or.1.or: the event is "other" | null',
      otherFails('or.1.or.0'),
    ]);
    expect(fails({ or: [] })).toEqual(['or: no event | null']);
  });

  test('a not as a whole, since its content matches', () => {
    expect(fails({ not: other })).toEqual([]);
    expect(fails({ not: { id: ['e1'], not: other } })).toEqual(['not: not (the event has the id "e1" and is not "other") | null']);
  });
});

test('a value that is too long to show is not shown', () => {
  const got = (path: string): unknown => whyNot({ payload: [{ path, exists: false }] }, event, bounds)[0]!.got;
  expect(got('tags')).toEqual(['x']);
  expect(got('short')).toHaveLength(998);
  expect(got('long')).toBeNull();
});

test('a filter that breaks a rule is rejected as everywhere', () => {
  const bad = { id: ['e2'], or: [{ payload: [{ path: 'a..b', exists: true }] }] };
  expect(rejection(() => whyNot(bad, event, bounds))).toMatchObject({
    code: 'BAD_FILTER',
    path: ['filter', 'or', '0', 'payload', '0', 'path'],
  });
  expect(rejection(() => whyNot({ id: ['a'], follows: ['b'] }, event, { ...bounds, filterNodes: 1 }))).toMatchObject({ path: ['filter'] });
});

test('something fails exactly when the event does not match, and each part that is named does by itself', () => {
  let named = 0;
  let matching = 0;
  fc.assert(
    fc.property(anyFilter, fc.array(anyStoredEvent, { minLength: 5, maxLength: 5 }), (filter, events) => {
      for (const each of events) {
        const failed = whyNot(filter, each, bounds);
        expect(failed.length === 0).toBe(found(filter, each));
        const paths = failed.map(({ path }) => path);
        expect(new Set(paths.map((path) => path.join('.'))).size).toBe(paths.length);
        for (const path of paths) {
          expect(found(onlyAt(path.slice(1), filter), each), path.join('.')).toBe(false);
          // Only an or is named together with parts of it.
          const smaller = paths.filter((other) => other.length > path.length && path.every((step, at) => step === other[at]));
          if (path.at(-1) !== 'or') expect(smaller).toEqual([]);
        }
        named += paths.length;
        if (failed.length === 0) matching += 1;
      }
    }),
    { numRuns: 500 },
  );
  // A filter that no event matches, or each, proves little.
  expect(matching).toBeGreaterThan(200);
  expect(named).toBeGreaterThan(2000);
});

test('an operator is asked once, however deep it stands, and shown once', () => {
  const other = { event: { in: ['other'] } };
  let filter: EventFilterInput = other;
  for (let level = 1; level < bounds.filterDepth; level += 1) filter = level % 2 === 0 ? { and: [other, filter] } : { or: [other, filter] };
  let asked = 0;
  const counted = Object.defineProperty({ ...event }, 'event', { get: () => ((asked += 1), event.event) });
  const failed = whyNot(filter, counted, bounds).filter(({ got }) => got !== null);
  expect(failed).toHaveLength(bounds.filterDepth);
  expect(asked).toBe(2 * failed.length);
});

test('without the parts that fail, the event matches', () => {
  fc.assert(
    fc.property(anyFilter, anyStoredEvent, (filter, each) => {
      let rest = filter;
      for (let failed = whyNot(rest, each, bounds); failed.length > 0; failed = whyNot(rest, each, bounds)) {
        expect(found(rest, each)).toBe(false);
        rest = without(failed[0]!.path.slice(1), rest);
      }
      expect(found(rest, each)).toBe(true);
    }),
  );
});

function found(filter: EventFilterInput, of: typeof event): boolean {
  return matches(parseFilter(filter, ['filter'], bounds), of);
}

/**
 * The filter that has nothing but what stands at the path, and what names its label or payload
 * value.
 */
function onlyAt(path: readonly string[], value: any): any {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  expect(value[step] ?? (step === 'eq' && 'eq' in value ? 'null' : undefined), step).toBeDefined();
  const inner = onlyAt(rest, value[step]);
  if (Array.isArray(value)) return [inner];
  const names = ['key', 'path'].filter((name) => name in value).map((name) => [name, value[name]]);
  return { ...Object.fromEntries(names), [step]: inner };
}

function without(path: readonly string[], value: any): any {
  const [step, ...rest] = path;
  const inner = rest.length === 0 ? [] : [without(rest, value[step!])];
  if (Array.isArray(value)) return [...value.slice(0, Number(step)), ...inner, ...value.slice(Number(step) + 1)];
  const { [step!]: _, ...others } = value;
  return inner.length === 0 ? others : { ...others, [step!]: inner[0] };
}
