import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import { fromMicros, toMicros, type Instant } from '../../../src/event/instant.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput, NameFilterInput } from '../../../src/filter/parse/filter-input.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };
const found = (filter: EventFilterInput | null | undefined, event: StoredEvent): boolean =>
  matches(parseFilter(filter, ['filter'], bounds), event);

const event: StoredEvent = {
  id: 'e1',
  event: 'acme.user.logged-in',
  occurred: '2026-11-23T14:41:10.863461Z' as Instant,
  received: '2026-11-23T14:41:11.000000Z' as Instant,
  resource: { id: 'acme.user.kiki', labels: {} },
  related: [],
  payload: {},
  follows: null,
  position: 1 as Position,
};

describe('a filter without conditions matches everything', () => {
  const nothing = { id: null, occurred: null, event: null, resource: null };
  const empty = [
    null,
    undefined,
    {},
    nothing,
    { event: {} },
    { resource: {} },
    { resource: { id: {} } },
    { resource: { id: null } },
    { occurred: {} },
  ];
  const nulls = [
    { event: { in: null, startsWith: null, like: null, notIn: null, notStartsWith: null, notLike: null } },
    { occurred: { since: null, until: null } },
    { payload: [{ path: 'a', exists: null }] },
    { payload: [{ path: 'a.*', exists: null, gt: null }] },
  ];
  test.each([...empty, ...nulls])('%j', (filter) => {
    expect(found(filter, event)).toBe(true);
  });
});

describe('an empty list', () => {
  test.each([
    { id: [] },
    { event: { in: [] } },
    { event: { startsWith: [] } },
    { event: { like: [] } },
    { resource: { id: { in: [] } } },
    { resource: { id: { like: [] } } },
    { payload: [{ path: 'list.*', in: [] }] },
  ])('matches nothing: %j', (filter) => {
    expect(found(filter, { ...event, payload: { list: [1] } })).toBe(false);
  });

  test.each([
    { event: { notIn: [] } },
    { event: { notStartsWith: [] } },
    { event: { notLike: [] } },
    { resource: { id: { notIn: [] } } },
    { resource: { id: { notLike: [] } } },
  ])('excludes nothing: %j', (filter) => {
    expect(found(filter, event)).toBe(true);
  });
});

describe('values in a list are ORed, fields and operators are ANDed', () => {
  test.each<[EventFilterInput, boolean]>([
    [{ id: ['e0', 'e1'] }, true],
    [{ id: ['e0'] }, false],
    [{ event: { in: ['other', 'acme.user.logged-in'] } }, true],
    [{ event: { notIn: ['other', 'acme.user.logged-in'] } }, false],
    [{ event: { startsWith: ['other', 'acme.user.'] } }, true],
    [{ event: { notStartsWith: ['other', 'acme.user.'] } }, false],
    [{ event: { like: ['other', 'acme.*.logged-??'] } }, true],
    [{ event: { notLike: ['other', '*.user.*'] } }, false],
    [{ event: { like: ['acme.*'], notLike: ['*-out'] } }, true],
    [{ event: { like: ['acme.*'], notLike: ['*-in'] } }, false],
    [{ event: { startsWith: ['acme.'], notIn: ['acme.user.logged-out'] } }, true],
    [{ event: { startsWith: ['acme.'], notIn: ['acme.user.logged-in'] } }, false],
    [{ event: { in: ['acme.user.logged-in'], notStartsWith: ['acme'] } }, false],
    [{ id: ['e1'], resource: { id: { startsWith: ['acme.user.'] } } }, true],
    [{ id: ['e1'], resource: { id: { startsWith: ['acme.flow.'] } } }, false],
    [{ id: ['e2'], resource: { id: { startsWith: ['acme.user.'] } } }, false],
    [{ resource: { id: { in: ['acme.user.kiki'] } }, event: { in: ['acme.user.kiki'] } }, false],
  ])('%j: %s', (filter, expected) => {
    expect(found(filter, event)).toBe(expected);
  });
});

describe('names are compared character by character', () => {
  const unlike = ['ACME', 'acme.%', 'acme_', 'a*', '?cme', '^acme', 'acme\\.', '.*', 'acme.user.logged-in.', ' acme'];
  test.each(unlike)('%j is not a prefix', (prefix) => {
    expect(found({ event: { startsWith: [prefix] } }, event)).toBe(false);
  });

  test('no character is special in a prefix, nor does it normalize', () => {
    for (const name of ['100%_*?[a]\\.^$', '💥.é', 'e\u0301.x', '__proto__', ' ']) {
      const characters = Array.from(name);
      for (let end = 0; end <= characters.length; end += 1) {
        expect(found({ event: { startsWith: [characters.slice(0, end).join('')] } }, named(name))).toBe(true);
      }
    }
    expect(found({ event: { in: ['\u00e9'] } }, named('e\u0301'))).toBe(false);
  });

  test('a name is a prefix of itself, and every name begins with the empty text', () => {
    expect(found({ event: { startsWith: [event.event] } }, event)).toBe(true);
    expect(found({ event: { startsWith: [''] } }, event)).toBe(true);
    expect(found({ event: { notStartsWith: [''] } }, event)).toBe(false);
  });
});

describe('globs of names and ids', () => {
  test.each<[string, string, boolean]>([
    ['acme', 'acme.user', false],
    ['acme*', 'acme.user', true],
    ['*user', 'acme.user', true],
    ['ACME*', 'acme.user', false],
    ['**', 'a', true],
    ['?', '💌', true],
    ['??', '💌', false],
    ['a%', 'a%', true],
    ['a%', 'ab', false],
    ['a_', 'ab', false],
    [String.raw`a\*`, 'a*', true],
    [String.raw`a\*`, 'ab', false],
    [String.raw`a\?`, 'a?', true],
    [String.raw`\a`, 'a', true],
    ['a\\', 'a\\', true],
    ['\\', '\\', true],
    ['a.b', 'a.b', true],
    ['a.b', 'axb', false],
    ['[ab]', 'a', false],
    ['{a,b}', 'a', false],
  ])('%j on %j: %s', (glob, text, expected) => {
    const related = [{ id: text, role: 'r', labels: {} }];
    expect(found({ event: { like: [glob] } }, named(text))).toBe(expected);
    expect(found({ resource: { id: { like: [glob] } } }, named('e', text))).toBe(expected);
    expect(found({ related: [{ id: { like: [glob] } }] }, { ...event, related })).toBe(expected);
    expect(found({ anyResource: [{ id: { like: [glob] } }] }, { ...named('e', ''), related })).toBe(
      expected || found({ resource: { id: { like: [glob] } } }, named('e', '')),
    );
    expect(found({ resource: { labels: [{ key: 'k', like: [glob] }] } }, { ...event, resource: { id: 'r', labels: { k: text } } })).toBe(
      expected,
    );
  });
});

describe('since is inclusive, until exclusive, to the microsecond', () => {
  test.each<[bigint | null, bigint | null, boolean]>([
    [0n, null, true],
    [1n, null, false],
    [null, 0n, false],
    [null, 1n, true],
    [0n, 1n, true],
    [0n, 0n, false],
    [1n, -1n, false],
    [-1n, 1n, true],
  ])('from %s until %s: %s', (since, until, expected) => {
    const occurred = { since: since === null ? null : laterBy(since), until: until === null ? null : laterBy(until) };
    expect(found({ occurred }, event)).toBe(expected);
  });

  test('in any offset', () => {
    expect(found({ occurred: { since: '2026-11-23T16:41:10.863461+02:00' } }, event)).toBe(true);
    expect(found({ occurred: { until: '2026-11-23T09:41:10.863461-05:00' } }, event)).toBe(false);
  });
});

describe('excluding is the exact complement of including', () => {
  const names = fc.string({ unit: fc.constantFrom('a', 'b', '.', 'A', '💥'), maxLength: 4 });
  const lists = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '.', 'A', '💥', '*', '?', '\\'), maxLength: 4 }), { maxLength: 4 });
  const events = fc.tuple(names, names).map(([name, id]): StoredEvent => named(name, id));

  test.each<[keyof NameFilterInput, keyof NameFilterInput]>([
    ['in', 'notIn'],
    ['startsWith', 'notStartsWith'],
    ['like', 'notLike'],
  ])('%s and %s', (including, excluding) => {
    fc.assert(
      fc.property(events, lists, (each, list) => {
        expect(found({ event: { [excluding]: list } }, each)).toBe(!found({ event: { [including]: list } }, each));
        expect(found({ resource: { id: { [excluding]: list } } }, each)).toBe(!found({ resource: { id: { [including]: list } } }, each));
        expect(found({ event: { [including]: list, [excluding]: list } }, each)).toBe(false);
      }),
    );
  });

  test('a list matches if one of its values does', () => {
    fc.assert(
      fc.property(events, lists, (each, list) => {
        for (const operator of ['in', 'startsWith', 'like'] as const) {
          const one = (value: string): boolean => found({ event: { [operator]: [value] } }, each);
          expect(found({ event: { [operator]: list } }, each)).toBe(list.some(one));
        }
      }),
    );
  });
});

function named(name: string, resourceId = event.resource.id): StoredEvent {
  return { ...event, event: name, resource: { id: resourceId, labels: {} } };
}

function laterBy(micros: bigint): string {
  return fromMicros(toMicros(event.occurred) + micros)!;
}
