import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FieldCollector } from '../../../src/event/field-collector.ts';
import { parsePayloadPath, parsePayloadPattern, valueAt, valuesAt } from '../../../src/event/payload-path.ts';
import { storedAs } from '../support/stored-events.ts';

function collect(...events: readonly object[]): FieldCollector {
  const fields = new FieldCollector();
  for (const [n, event] of events.entries()) fields.add(storedAs({ id: `e${n}`, event: 'a', resource: { id: 'r' }, ...event }));
  return fields;
}
const pathsOf = (payload: object): readonly string[] =>
  collect({ payload })
    .payloadPaths()
    .map(({ name }) => name);

test('a name counts once an event, however often the event has it, and keeps the example of the first event', () => {
  const fields = collect(
    {
      resource: { id: 'r', name: 'R', labels: { team: 'a' } },
      related: [
        { id: 'x', role: 'actor', labels: { team: 'b', city: 'Rome' } },
        { id: 'y', role: 'actor' },
        { id: 'z', role: 'flow' },
      ],
      payload: { list: [{ n: 1 }, { n: 2 }], n: 1 },
    },
    { related: [{ id: 'v', role: 'actor' }], payload: { n: null } },
  );
  expect(fields.labels()).toEqual([
    { name: 'city', count: 1, example: 'Rome' },
    { name: 'prefect.resource.name', count: 1, example: 'R' },
    { name: 'team', count: 1, example: 'a' },
  ]);
  expect(fields.roles()).toEqual([
    { name: 'actor', count: 2, example: 'x' },
    { name: 'flow', count: 1, example: 'z' },
  ]);
  expect(fields.payloadPaths()).toEqual([
    { name: 'n', count: 2, example: 1 },
    { name: 'list.*.n', count: 1, example: 1 },
  ]);
});

test('paths are in the syntax of filters: keys that are more than letters and digits are quoted', () => {
  const payload = { a: { 'b.c': { 'say "hi"': 1 } }, '*': 2, '': 3, '0': 4, ü: 5, $x: 6, 'a[0]': 7, '/a': 8, deep: [[{ x: 9 }]] };
  expect(pathsOf(payload).toSorted()).toEqual(
    ['0', '""', '"$x"', '"*"', '"/a"', '"a[0]"', 'a."b.c"."say \\"hi\\""', 'deep.*.*.x', 'ü'].toSorted(),
  );
});

test('every path of a payload without lists leads to its example', () => {
  const anyPayload = fc.dictionary(
    fc.string(),
    fc.oneof(fc.integer(), fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.dictionary(fc.string(), fc.integer())))),
  );
  fc.assert(
    fc.property(anyPayload, (payload) => {
      for (const { name, example } of collect({ payload }).payloadPaths())
        expect(valueAt(payload, parsePayloadPath(name))).toEqual(example);
    }),
  );
});

test('every path leads to its example, and none has more steps * than a filter takes', () => {
  const deep = Array.from({ length: 10 }).reduce<unknown>((value) => [value], 1);
  expect(pathsOf({ deep, less: [[1]] })).toEqual(['less.*.*']);
  const anyList = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(1, 'x'),
      fc.array(tie('value')),
      fc.dictionary(fc.constantFrom('a', '*', 'b.c'), tie('value')),
    ),
  })).value;
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', '*', '0'), anyList), (payload) => {
      for (const { name, example } of collect({ payload }).payloadPaths())
        expect(valuesAt(payload, parsePayloadPattern(name))).toContainEqual(example);
    }),
  );
});

test('empty objects and lists are values of their own, and an empty payload has none', () => {
  expect(pathsOf({ a: {}, b: [], c: { d: [] } })).toEqual(['a', 'b', 'c.d']);
  expect(pathsOf({})).toEqual([]);
});

test('the most frequent names come first, ties by code point, and no more than 500', () => {
  const keys = Array.from({ length: 600 }, (_, n) => `k${String(n).padStart(3, '0')}`);
  const labels = (some: readonly string[]) => ({ resource: { id: 'r', labels: Object.fromEntries(some.map((key) => [key, 'v'])) } });
  const names = collect(labels(keys.slice(0, 300)), labels(keys.slice(300)), labels(['k599', '\uFFFD', '💌']))
    .labels()
    .map(({ name }) => name);
  expect(names).toHaveLength(500);
  expect(names.slice(0, 3)).toEqual(['k599', 'k000', 'k001']);
  const tied = collect(labels(['💌', '\uFFFD', 'a']))
    .labels()
    .map(({ name }) => name);
  expect(tied).toEqual(['a', '\uFFFD', '💌']);
});

test('hostile payloads have bounded results', () => {
  const wide = (n: number) => ({ payload: Object.fromEntries(Array.from({ length: 20_000 }, (_, m) => [`${n}-${m}`, m])) });
  const long = { payload: { list: Array.from({ length: 50_000 }, (_, n) => [n]) } };
  const events = [wide(1), wide(2), wide(3), long].map((event) => storedAs({ id: 'e', event: 'a', resource: { id: 'r' }, ...event }));
  const fields = new FieldCollector();
  for (const event of events) fields.add(event);
  expect(fields.payloadPaths()).toHaveLength(500);
  let nested: unknown = 'x'.repeat(1000);
  for (let n = 0; n < 99; n += 1) nested = { ['k'.repeat(50)]: nested };
  expect(pathsOf({ nested })).toEqual([]); // longer than a path may be
});

test('an example that is a long string is cut between characters', () => {
  const [{ example } = { example: null }] = collect({ payload: { text: '💌'.repeat(1000) } }).payloadPaths();
  expect(example).toBe(`${'💌'.repeat(200)}…`);
});
