import { getOperationAST, parse, print } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { resultDocument } from '../../../src/server/graphql/compiled/result-document.ts';

const reduced = (text: string, name?: string) => {
  const document = parse(text);
  return resultDocument(schema, document, getOperationAST(document, name)!);
};
const namesOf = (text: string, name?: string): readonly string[] => reduced(text, name).resultVariables;

test.each([
  ['no variables', 'subscription { events { id } }', []],
  ['those of the root field select the source', 'subscription ($f: F, $a: C) { events(filter: $f, after: $a) { id } }', []],
  ['also inside lists and objects', 'subscription ($n: String) { events(filter: {event: {in: [$n]}}) { id } }', []],
  ['those of nested fields count', 'subscription ($p: String!, $a: C) { events(after: $a) { payloadAt(path: $p) } }', ['p']],
  ['one that is used for both counts', 'subscription ($p: String!) { events(filter: {event: {in: [$p]}}) { payloadAt(path: $p) } }', ['p']],
  [
    'those of directives count, on every field',
    'subscription ($a: B!, $b: B!) { events @include(if: $a) { id @skip(if: $b) } }',
    ['a', 'b'],
  ],
  [
    'the root field can be in a fragment',
    'subscription ($f: F, $p: String!) { ...R } fragment R on Subscription { ... { events(filter: $f) { ...E } } } fragment E on Event { payloadAt(path: $p) }',
    ['p'],
  ],
  [
    'a nested field of the same name is not the root field',
    'subscription ($a: C, $n: Int) { events(after: $a) { resource { resource { events(first: $n) { nodes { id } } } } } }',
    ['n'],
  ],
])('%s', (_what, text, names) => {
  expect(namesOf(text)).toEqual(names);
});

test('only the operation that is executed counts', () => {
  expect(namesOf('subscription A { events { id } } subscription B ($p: String!) { events { payloadAt(path: $p) } }', 'A')).toEqual([]);
});

test.each([
  [
    'arguments of the root field and their variables are left out',
    'subscription ($f: EventFilter!, $p: String!) { events(filter: $f) { payloadAt(path: $p) } }',
    'subscription ($p: String!) { events { payloadAt(path: $p) } }',
    ['p'],
  ],
  [
    'those that the schema requires are left',
    'subscription ($f: EventFilter, $by: [CountBy!]!) { eventCounts(filter: $f, by: $by) { total } }',
    'subscription ($by: [CountBy!]!) { eventCounts(by: $by) { total } }',
    ['by'],
  ],
  [
    'other operations are left out, fragments are not',
    'query Q ($id: ID!) { event(id: $id) { id } } subscription S ($a: Cursor) { ...R } fragment R on Subscription { events(after: $a) { id } }',
    'subscription S { ...R } fragment R on Subscription { events { id } }',
    [],
  ],
])('of what is kept, %s', (_what, text, expected, variables) => {
  const kept = reduced(text, /subscription S/.test(text) ? 'S' : undefined);
  expect(print(kept.document)).toBe(print(parse(expected)));
  expect(kept.variables).toEqual(variables);
});
