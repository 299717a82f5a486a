import { getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { resultVariables } from '../../../src/server/graphql/subscribe/result-variables.ts';

const namesOf = (text: string, name?: string): readonly string[] => {
  const document = parse(text);
  return resultVariables(document, getOperationAST(document, name)!);
};

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
