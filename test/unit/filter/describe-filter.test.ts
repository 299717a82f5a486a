import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeFilter } from '../../../src/filter/explain/describe-filter.ts';
import type { Condition } from '../../../src/filter/filter.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { simplified } from '../../../src/filter/simplify-filter.ts';
import { anyFilter } from '../../support/oracles/random-filters.ts';
import { anyCondition } from '../support/random-condition.ts';
import { parseDescription } from '../support/describe-oracle.ts';
import { anyStoredEvent } from '../support/stored-events.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };
const parsed = (filter: EventFilterInput): Condition => parseFilter(filter, ['filter'], bounds);
const described = (filter: EventFilterInput): string => describeFilter(parsed(filter));

describe('a filter in plain words', () => {
  test('fields, operators and entries in one sentence', () => {
    const filter = {
      event: { startsWith: ['acme.order.'], notIn: ['acme.order.viewed'] },
      related: [{ role: ['actor'], id: { in: ['acme.user.kiki'] } }],
      payload: [{ path: 'parcels.0.weight', gte: 1 }],
    };
    expect(described(filter)).toBe(
      'the event begins with "acme.order." and is not "acme.order.viewed", some one related resource has the role "actor" and the id "acme.user.kiki", and the payload at parcels.0.weight is at least 1',
    );
  });

  test.each<[EventFilterInput, string]>([
    [{ id: ['e1'] }, 'the event has the id "e1"'],
    [{ id: ['e1', 'e2'] }, 'the event has one of the ids "e1" and "e2"'],
    [{ event: { in: ['a', 'b', 'c'] } }, 'the event is one of "a", "b" and "c"'],
    [{ event: { notIn: ['a', 'b'], notStartsWith: ['c'] } }, 'the event is none of "a" and "b" and does not begin with "c"'],
    [{ event: { like: ['a.*'] } }, 'the event is like "a.*"'],
    [{ event: { like: ['a*', 'b?'], notLike: ['*c', '*d'] } }, 'the event is like one of "a*" and "b?" and is like none of "*c" and "*d"'],
    [{ event: { notLike: ['a.*'] } }, 'the event is not like "a.*"'],
    [{ resource: { id: { like: ['acme.*'] } } }, 'the primary resource has an id like "acme.*"'],
    [{ related: [{ id: { notLike: ['acme.*'] } }] }, 'some one related resource has no id like "acme.*"'],
    [{ follows: ['e0'] }, 'the event follows "e0"'],
    [{ not: { follows: ['e0'] } }, 'the event does not follow "e0"'],
    [{ occurred: { since: '2026-01-01T00:00:00Z' } }, 'the event occurred at or after 2026-01-01T00:00:00.000000Z'],
    [
      { not: { received: { since: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' } } },
      'the event was not received from 2026-01-01T00:00:00.000000Z until before 2027-01-01T00:00:00.000000Z',
    ],
    [{ resource: { id: { startsWith: ['acme.'] } } }, 'the primary resource has an id beginning with "acme."'],
    [{ resource: { labels: [{ key: 'prefect.resource.name', in: ['Kiki'] }] } }, 'the primary resource has the name "Kiki"'],
    [
      { resource: { labels: [{ key: 'env', exists: true, notIn: ['dev'], like: ['p*'] }] } },
      'the primary resource has a label "env" and no label "env" equal to "dev" and a label "env" like "p*"',
    ],
    [{ related: [{}] }, 'there is a related resource'],
    [{ not: { related: [{ role: ['actor', 'owner'] }] } }, 'no related resource has one of the roles "actor" and "owner"'],
    [{ anyResource: [{ id: { notIn: ['a'] } }] }, 'some one primary or related resource does not have the id "a"'],
    [
      { related: [{ role: ['actor'] }, { role: ['owner'] }] },
      'some one related resource has the role "actor", and some one related resource has the role "owner"',
    ],
    [{ payload: [{ path: 'a', exists: false }] }, 'the payload at a does not exist'],
    [{ payload: [{ path: 'a."b.c".0', eq: null }] }, 'the payload at a."b.c".0 is null'],
    [{ payload: [{ path: 'a', in: [1, 'x', { b: [] }] }] }, 'the payload at a is one of 1, "x" and {"b":[]}'],
    [{ not: { payload: [{ path: 'a', gt: 1 }] } }, 'the payload at a is not more than 1'],
    [{ payload: [{ path: 'day', gte: '2026', lt: '2027' }] }, 'the payload at day is at or after "2026" and is before "2027"'],
    [{ payload: [{ path: 'is null, and b', eq: 1 }] }, 'the payload at "is null, and b" is 1'],
    [{ payload: [{ path: 'a.*.b', eq: 1 }] }, 'some one value in the payload at a.*.b is 1'],
    [{ payload: [{ path: 'a.*', gt: 1, lt: 3 }] }, 'some one value in the payload at a.* is more than 1 and is less than 3'],
    [{ payload: [{ path: 'a.*', exists: true }] }, 'some one value in the payload at a.* exists'],
    [{ payload: [{ path: 'a.*', exists: false }] }, 'no value in the payload at a.* exists'],
    [{ not: { payload: [{ path: 'a.*', in: [1, 2] }] } }, 'no value in the payload at a.* is one of 1 and 2'],
    [
      { payload: [{ path: 'a.*', exists: false, eq: 1 }] },
      'some one value in the payload at a.* is 1, and no value in the payload at a.* exists',
    ],
    [{ payload: [{ path: 'a."*"', eq: 1 }] }, 'the payload at a."*" is 1'],
  ])('%j: %s', (filter, expected) => {
    expect(described(filter)).toBe(expected);
  });

  test('a search for text', () => {
    const contains: Condition = { kind: 'contains', searchTerm: 'Kiki' };
    expect(describeFilter(contains)).toBe('some text contains "Kiki" in upper or lower case');
    expect(describeFilter({ kind: 'not', of: contains })).toBe('no text contains "Kiki" in upper or lower case');
    const both: Condition = {
      kind: 'all',
      of: [
        { kind: 'oneOf', field: 'event', values: ['a'] },
        { kind: 'not', of: contains },
      ],
    };
    expect(parseDescription(describeFilter(both))).toMatchObject({ kind: 'all', of: [{}, { kind: 'not', of: contains }] });
  });
});

describe('nested filters keep their parentheses', () => {
  const a = { event: { in: ['a'] } };
  const b = { event: { in: ['b'] } };
  const both = { id: ['x'], resource: { id: { in: ['r'] } } };
  test.each<[EventFilterInput, string]>([
    [{ or: [a, b] }, 'either the event is "a" or the event is "b"'],
    [
      { or: [a, both], follows: ['f'] },
      'the event follows "f", and (either the event is "a" or (the event has the id "x", and the primary resource has the id "r"))',
    ],
    [{ not: both }, 'not (the event has the id "x", and the primary resource has the id "r")'],
    [{ not: { or: [a, { not: b }] } }, 'not (either the event is "a" or the event is not "b")'],
    [{ not: { not: a } }, 'the event is "a"'],
    [
      { and: [{ and: [a, { not: b }] }, both] },
      'the event is "a" and is not "b" and has the id "x", and the primary resource has the id "r"',
    ],
    [
      { not: { resource: { id: { in: ['r'], startsWith: ['s'] } } } },
      'the primary resource is not one that (has the id "r" and an id beginning with "s")',
    ],
  ])('%j: %s', (filter, expected) => {
    expect(described(filter)).toBe(expected);
  });
});

describe('conditions that always hold are left out, impossible ones are described', () => {
  test.each<[EventFilterInput, string]>([
    [{}, 'every event'],
    [{ event: {}, resource: { id: {} }, and: [{}], occurred: {} }, 'every event'],
    [{ anyResource: [{}] }, 'every event'],
    [{ payload: [{ path: 'a' }, { path: 'a.*' }] }, 'every event'],
    [{ or: [] }, 'no event'],
    [{ not: {} }, 'no event'],
    [{ or: [{ or: [] }], id: ['a'] }, 'no event'],
    [{ or: [{}, { id: ['a'] }] }, 'every event'],
    [{ and: [{}, { id: ['a'] }] }, 'the event has the id "a"'],
    [{ event: { in: [] } }, 'the event is one of an empty list'],
    [{ related: [{ role: [] }] }, 'some one related resource has one of an empty list of roles'],
  ])('%j: %s', (filter, expected) => {
    expect(described(filter)).toBe(expected);
  });
});

describe('long lists and texts are cut', () => {
  test('lists, to the first few of them', () => {
    const values = Array.from({ length: 1000 }, (_, n) => `e${n}`);
    expect(described({ event: { in: values } })).toBe('the event is one of "e0", "e1", "e2" and 997 more');
    expect(described({ event: { notIn: values.slice(0, 6) } })).toBe('the event is none of "e0", "e1", "e2" and 3 more');
    expect(described({ event: { in: values.slice(0, 5) } })).toBe('the event is one of "e0", "e1", "e2", "e3" and "e4"');
    expect(described({ id: values })).toBe('the event has one of the ids "e0", "e1", "e2" and 997 more');
  });

  test('texts and values, never within a character', () => {
    expect(described({ event: { in: ['💌'.repeat(61)] } })).toBe(`the event is "${'💌'.repeat(60)}…"`);
    expect(described({ event: { in: ['💌'.repeat(60)] } })).toBe(`the event is "${'💌'.repeat(60)}"`);
    expect(described({ payload: [{ path: 'a', eq: Array.from({ length: 1000 }, () => 1) }] })).toBe(
      `the payload at a is [${'1,'.repeat(29)}1…`,
    );
  });
});

describe('a description means the filter, and nothing else', () => {
  const conditions = fc.oneof(anyCondition, anyFilter.map(parsed));
  const events = fc.array(anyStoredEvent, { minLength: 6, maxLength: 6 });

  test('a description, parsed again, matches the same events', () => {
    let truncatedCount = 0;
    fc.assert(
      fc.property(conditions, events, (condition, some) => {
        const description = describeFilter(condition);
        if (description.includes('…')) {
          truncatedCount += 1;
          return;
        }
        const read = parseDescription(description);
        for (const event of some) expect(matches(read, event), description).toBe(matches(condition, event));
      }),
      { numRuns: 1000 },
    );
    expect(truncatedCount).toBeLessThan(100);
  });

  test('simplifying changes nothing', () => {
    fc.assert(
      fc.property(conditions, events, (condition, some) => {
        const simple = simplified(condition);
        for (const event of some) expect(matches(simple, event)).toBe(matches(condition, event));
        expect(simplified(simple)).toEqual(simple);
      }),
      { numRuns: 500 },
    );
  });
});
