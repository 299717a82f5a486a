import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventFilter } from '../../../src/client/tidings-client.ts';
import type { Condition } from '../../../src/filter/filter.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { choicesOf, moved } from '../../../src/web/facets/column-choices.ts';
import { conditionOf, containing, countFilter, dimensionOf } from '../../../src/web/facets/count-request.ts';
import { idOf, inShownOrder, rowsOfLevel, rowsOfValues, type ValueRow } from '../../../src/web/facets/value-rows.ts';
import { withoutField, type Field } from '../../../src/web/facets/without-field.ts';
import { addCondition, parseQuery } from '../../../src/web/query/query-text.ts';
import { columnOf, columnText } from '../../../src/web/view/columns.ts';
import { defaultView, readView, writeView } from '../../../src/web/view/view.ts';
import { anyEvent, anyFilter } from '../../support/oracles/random-filters.ts';
import { storedOf } from '../support/valid-event.ts';

const parsed = (filter: EventFilter): Condition =>
  parseFilter(filter as Parameters<typeof parseFilter>[0], ['filter'], { filterNodes: 500, filterDepth: 10, filterListLength: 1000 });
const events = fc.sample(anyEvent, { seed: 7, numRuns: 60 }).map((event, index) => storedOf({ ...event, id: `e${index}` }));
const anyField = fc.oneof(
  fc.constant<Field>({ is: 'event' }),
  fc.constant<Field>({ is: 'resource' }),
  fc.constantFrom(...events.flatMap(({ related }) => related.map(({ role }): Field => ({ is: 'role', role })))),
  fc.constantFrom(...events.flatMap(({ resource }) => Object.keys(resource.labels).map((key): Field => ({ is: 'label', key })))),
);

describe('withoutField', () => {
  test.each<[string, Field, EventFilter]>([
    ['event:acme.* label.region=eu', { is: 'event' }, parseQuery('label.region=eu').filter],
    ['event:acme.* -event:acme.test.*', { is: 'event' }, {}],
    [
      'resource:a label.region=eu -label.region=us label.tier=1',
      { is: 'label', key: 'region' },
      parseQuery('resource:a label.tier=1').filter,
    ],
    ['related.actor=kiki -related.actor=otto related.flow=f', { is: 'role', role: 'actor' }, parseQuery('related.flow=f').filter],
    ['resource:a event:b', { is: 'resource' }, parseQuery('event:b').filter],
  ])('%s', (query, field, expected) => {
    const left = withoutField(parseQuery(query).filter, field);
    const isLeft = (filter: EventFilter): readonly string[] => events.filter((event) => matches(parsed(filter), event)).map(({ id }) => id);
    expect(isLeft(left)).toEqual(isLeft(expected));
    expect(conjuncts(left)).toHaveLength(conjuncts(expected).length);
  });

  test('keeps every event that matches, and alternatives that test something else too', () => {
    fc.assert(
      fc.property(anyFilter, anyField, (filter, field) => {
        const before = parsed(filter as EventFilter);
        const after = parsed(withoutField(filter as EventFilter, field));
        expect(events.filter((event) => matches(before, event) && !matches(after, event))).toEqual([]);
      }),
      { numRuns: 500 },
    );
    const mixed: EventFilter = { or: [{ event: { in: ['a'] } }, { resource: { id: { in: ['b'] } } }] };
    expect(withoutField(mixed, { is: 'event' })).toEqual(mixed);
  });

  test('leaves out exactly the condition that a click on a value adds', () => {
    const others = 'label.tier=gold payload.amount>5 follows:x';
    const rows: readonly [Field, Pick<ValueRow, 'value' | 'isPrefix'>][] = [
      [{ is: 'event' }, { value: 'acme.order', isPrefix: true }],
      [{ is: 'event' }, { value: 'a b*', isPrefix: false }],
      [{ is: 'resource' }, { value: 'acme.order.1', isPrefix: false }],
      [
        { is: 'role', role: 'actor' },
        { value: 'kiki', isPrefix: false },
      ],
      [
        { is: 'label', key: 'region' },
        { value: '', isPrefix: false },
      ],
    ];
    for (const [field, row] of rows) {
      for (const how of ['only', 'not'] as const) {
        const { filter, problems } = parseQuery(addCondition(others, conditionOf(field, row), how));
        expect(problems).toEqual([]);
        expect(filter).not.toEqual(parseQuery(others).filter);
        const plain = (each: EventFilter): readonly string[] =>
          conjuncts(each)
            .map((part) => JSON.stringify(part))
            .toSorted();
        expect(plain(withoutField(filter, field))).toEqual(plain(parseQuery(others).filter));
      }
    }
  });
});

/** The parts that all must match, one field each. */
function conjuncts({ and = [], ...filter }: EventFilter): readonly object[] {
  return [...Object.entries(filter).map(([name, value]) => ({ [name]: value as unknown })), ...and.flatMap(conjuncts)];
}

describe('rowsOfLevel', () => {
  test('a name that is also the beginning of longer ones is two rows', () => {
    const groups = [
      { key: 'a.b', count: 5 },
      { key: 'a.c', count: 2 },
      { key: null, count: 1 },
    ];
    expect(
      rowsOfLevel(groups, [
        { key: 'a.b', count: 2 },
        { key: 'a.c', count: 2 },
      ]),
    ).toEqual([
      { value: 'a.b', isPrefix: true, count: 3 },
      { value: 'a.b', isPrefix: false, count: 2 },
      { value: 'a.c', isPrefix: false, count: 2 },
    ]);
  });

  test('the rows of a level are disjoint, and count what their conditions select', () => {
    const segment = fc.constantFrom('a', 'b', 'c');
    const names = fc.array(
      fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('.')),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(names, fc.constantFrom(1, 2, 3), (all, depth) => {
        const counted = (keys: readonly string[]) =>
          [...new Set(keys)].map((key) => ({ key, count: keys.filter((each) => each === key).length }));
        const groups = counted(all.map((name) => name.split('.').slice(0, depth).join('.')));
        const rows = rowsOfLevel(groups, counted(all));
        expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
        for (const row of rows) {
          const { value, isPrefix, count } = row;
          expect(all.filter((name) => (isPrefix ? name.startsWith(`${value}.`) : name === value))).toHaveLength(count);
        }
        expect(new Set(rows.map(idOf)).size).toBe(rows.length);
      }),
    );
  });
});

test('new counts keep the order that is shown, and rows that are no longer among the most frequent stay', () => {
  const row = (value: string, count: number): ValueRow => ({ value, isPrefix: false, count });
  const shown = [row('a', 3), row('b', 2), row('c', 1)];
  expect(inShownOrder(shown, [row('b', 9), row('d', 5), row('a', 4)])).toEqual([row('a', 4), row('b', 9), row('c', 1), row('d', 5)]);
  expect(
    rowsOfValues([
      { key: null, count: 4 },
      { key: 'x', count: 0 },
      { key: '', count: 1 },
    ]),
  ).toEqual([row('', 1)]);
});

test('values are counted without the own condition of their field, and with a search for a literal text', () => {
  const { filter } = parseQuery('event:a.* label.region=eu');
  expect(conjuncts(countFilter(filter, { is: 'event' }, { startsWith: ['b.'] }))).toEqual([
    ...conjuncts(parseQuery('label.region=eu').filter),
    { event: { startsWith: ['b.'] } },
  ]);
  expect(containing('50%*?\\')).toEqual({ like: [String.raw`*50%\*\?\\*`] });
  expect(dimensionOf({ is: 'resource' }, 2)).toEqual({ resource: { segments: 2 } });
});

describe('columns', () => {
  const fields = {
    sampled: 10,
    roles: [],
    labels: [
      { name: 'region', count: 9, example: 'eu' },
      { name: 'payload.odd', count: 1, example: 'x' },
    ],
    payloadPaths: [
      { name: 'amount', count: 5, example: 12.5 },
      { name: 'parcels.*.weight', count: 5, example: 1 },
      { name: 'a."*"', count: 5, example: 'y'.repeat(200) },
    ],
  };

  test('are offered with examples, except paths that have several values', () => {
    expect(choicesOf(fields, '').map(({ column, example }) => [column, example.slice(0, 4)])).toEqual([
      ['region', 'eu'],
      ['label.payload.odd', 'x'],
      ['payload.amount', '12.5'],
      ['payload.a."*"', 'yyyy'],
    ]);
    expect(choicesOf(fields, '12').map(({ name }) => name)).toEqual(['amount']);
  });

  test('move by a place, at most to an end', () => {
    expect(moved(['a', 'b', 'c'], 'a', 1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b', 'c'], 'a', -1)).toEqual(['a', 'b', 'c']);
    expect(moved(['a'], 'x', 1)).toEqual(['a']);
  });

  test('survive the address, whatever their names', () => {
    const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('a,b', '%2C', 'label.x', 'payload.', 'payload.a."b,c".0'));
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.boolean(), (names, isPayload) => {
        const columns = names.map((each) => columnText(isPayload ? { is: 'payload', path: each } : { is: 'label', key: each }));
        const read = readView(writeView({ ...defaultView, columns })).columns;
        expect(read.map(columnOf)).toEqual(names.map((each) => (isPayload ? { is: 'payload', path: each } : { is: 'label', key: each })));
      }),
    );
  });
});
