import {
  getIntrospectionQuery,
  getNamedType,
  getOperationAST,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { settingTable } from '../../../src/settings.ts';
import { costOf } from '../../../src/server/graphql/limits/operation-cost.ts';
import { graphqlExamples } from '../../support/examples.ts';

const cost = (query: string, variables: Record<string, unknown> = {}): number => {
  const document = parse(query);
  return costOf({ schema, document, operation: getOperationAST(document)!, variables });
};
const question = 100;

describe('an operation costs', () => {
  test.each<[string, number, string, Record<string, unknown>?]>([
    ['a field', 1, '{ head }'],
    ['fields within it', 3, '{ service { version retentionDays } }'],
    ['each element of a page', 1 + question + 2 + 20 * 3, '{ events(first: 20) { head nodes { id event } } }'],
    ['a page of default length', 2 + question + 50 * 2, '{ events { nodes { id } } }'],
    ['a page whose length is null', 2 + question + 50 * 2, 'query ($n: Int) { events(first: $n) { nodes { id } } }', { n: null }],
    ['edges as nodes', 2 + question + 20 * 4, '{ events(last: 20) { edges { cursor node { id } } } }'],
    ['the larger of two lengths', 2 + question + 30 * 2, '{ events(first: 20, last: 30) { nodes { id } } }'],
    ['a variable', 2 + question + 7 * 2, 'query ($n: Int) { events(first: $n) { nodes { id } } }', { n: 7 }],
    ['a default of a variable', 2 + question + 8 * 2, 'query ($n: Int = 8) { events(first: $n) { nodes { id } } }'],
    ['a default of an argument', 3 + 50 * 2, '{ event(id: "x") { followers { nodes { id } } } }'],
    ['a sample of events', 2 + question + 25 * 5, '{ eventFields(sample: 25) { sampled } }'],
    ['a sample of default size', 2 + question + 1000 * 5 + 10 * 2, '{ eventFields { labels { name } } }'],
    ['a list whose length depends on the data', 2 + 10 * 2, '{ event(id: "x") { related { role } } }'],
    ['lists in lists', 2 + question + 5 * (2 + 10 * 4), '{ events(first: 5) { nodes { related { resourceId resource { id } } } } }'],
    ['the fields of a fragment, each time', 1 + 3 * 2, '{ service { ...V ...V ...V } } fragment V on Service { version retentionDays }'],
    ['the fields of inline fragments', 2, '{ service { ... on Service { version } } }'],
    ['a page in a fragment', 2 + question + 6 * 2, '{ events(first: 6) { ...P } } fragment P on EventConnection { nodes { id } }'],
    ['one event', 2 + 1, 'mutation { emitEvent(input: { event: "a", resource: { id: "r" } }) { status } }'],
    [
      'a batch',
      1 + 3 + 2 + 3 * 2,
      'mutation ($i: [EventInput!]!) { emitEvents(input: $i) { created results { status } } }',
      { i: [{}, {}, {}] },
    ],
    ['a message', 2 + question + 100 * 2, 'subscription { eventStream { ... on EventBatch { events { id } } } }'],
    ['a negative length: nothing', 2 + question, 'query ($n: Int) { events(first: $n) { nodes { id } } }', { n: -5 }],
  ])('%s: %i', (_what, expected, query, variables) => {
    expect(cost(query, variables)).toBe(expected);
  });
});

test('a document has a cost for each of the lengths that its variables give', () => {
  const document = parse('query ($n: Int = 8, $m: Int) { events(first: $n, last: $m) { nodes { id } } }');
  const operation = getOperationAST(document)!;
  const lengths: readonly (readonly [number, Record<string, unknown>])[] = [
    [8, {}],
    [50, { n: null }],
    [8, {}],
    [7, { n: 7 }],
    [9, { m: 9 }],
    [70, { m: 70 }],
    [50, { n: null, m: null }],
    [5, { n: null, m: 5 }],
  ];
  for (const [length, variables] of [...lengths, ...lengths]) {
    expect(costOf({ schema, document, operation, variables })).toBe(2 + question + length * 2);
  }
});

const maxCost = settingTable.queryCost.fallback;

test('GraphiQL’s introspection query and every example cost less than the limit', () => {
  expect(cost(getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true }))).toBeLessThan(maxCost / 5);
  for (const [path, text] of graphqlExamples) expect(cost(text), path).toBeLessThan(maxCost / 40);
});

test('nested fragments cost no time', () => {
  const names = Array.from({ length: 400 }, (_, n) => n);
  const query = `{ event(id: "x") { ...F0 } } fragment F400 on Event { id }
    ${names.map((n) => `fragment F${n} on Event { a: follows { ...F${n + 1} } b: follows { ...F${n + 1} } }`).join('\n')}`;
  expect(cost(query)).toBeGreaterThan(2 ** 400);
});

describe('the schema', () => {
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith('__')
      ? Object.values(type.getFields()).map((field) => ({ at: `${type.name}.${field.name}`, field }))
      : [],
  );

  test('has no argument, number or list, without a decision whether it determines the length of a response', () => {
    const args = fields.flatMap(({ field }) => field.args).filter(({ type }) => isList(type) || String(getNamedType(type)) === 'Int');
    // The first five do. sample adds to the cost by itself; max, every, intervalMs and maxBytes
    // count other things; by, role and permissions select.
    const lengths = ['first', 'last', 'batchSize', 'maxEvents', 'input'];
    const known = new Set([...lengths, 'sample', 'max', 'every', 'intervalMs', 'maxBytes', 'by', 'role', 'permissions']);
    expect(args.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
  });

  test('has no list without a decision what determines its length', () => {
    const lists = fields.filter(({ field }) => isCompositeType(getNamedType(field.type)) && isList(field.type)).map(({ at }) => at);
    const sized = [
      'EventConnection.',
      'ResourceConnection.',
      'EventChain.',
      'EventCounts.',
      'EventBatch.',
      'EmitEventsPayload.',
      'RejectedEventConnection.',
    ];
    const guessed = new Set([
      'Event.related',
      'EmitResult.userErrors',
      'EventCountsUpdate.buckets',
      'EventFields.labels',
      'EventFields.roles',
      'EventFields.payloadPaths',
      'FilterVerdict.fails',
      'Query.apiKeys',
    ]);
    expect(lists.filter((at) => !guessed.has(at) && !sized.some((prefix) => at.startsWith(prefix)))).toEqual([]);
  });
});

function isList(type: object): boolean {
  const within = isNonNullType(type) ? type.ofType : type;
  return isListType(within);
}
