import * as fc from 'fast-check';
import { buildSchema, execute, GraphQLError, parse, validate, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { TidingsError } from '../../../src/errors.ts';
import type { Position } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import { parseJson } from '../../../src/json/parse-json.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { compileResults } from '../../../src/server/graphql/compiled/compiled-results.ts';
import { createReadBudgets } from '../../../src/store/database/read-budget.ts';
import { Expired } from '../../../src/subscriptions/event-subscription.ts';
import type { StreamMessage } from '../../../src/subscriptions/stream/stream-message.ts';
import { randomDocument } from '../support/random-document.ts';
import { anyStoredEvent, rowEventOf, storedAs } from '../support/stored-events.ts';

const unreachable = { reads: () => unreachable, rows: () => Promise.reject(new TidingsError('UNAVAILABLE', 'no database in this test')) };
const services = {
  database: unreachable,
  heads: { head: async () => 9 as Position },
  budgets: createReadBudgets(1e6, 1e8),
  epochHistory: { epoch: '0123456789ab' },
  limits: { pageSize: 1000 },
};
const contextValue = {
  services,
  caller: { visibilityFilter: { kind: 'and', of: [] }, filterKey: '' },
  budget: services.budgets.forMessages(),
};

/** The result of both ways, where GraphQL has one at once and without errors; null for all others. */
function bothWays(query: string, rootValue: object, variableValues: Readonly<Record<string, unknown>> = {}) {
  const document = parse(query);
  const errors = validate(schema, document);
  if (errors.length > 0) throw new Error(`${query}: ${errors.join()}`);
  const args = { schema, document, variableValues };
  const executed = execute({ ...args, rootValue, contextValue: { ...contextValue } });
  if (executed instanceof Promise) executed.catch(() => undefined);
  const result = executed instanceof Promise || executed.errors !== undefined ? null : (executed as ExecutionResult);
  const written = compileResults(args)?.writeAtOnce({ rootValue, contextValue: { ...contextValue }, maxBytes: 1e6 }) ?? 'UNKNOWN';
  return { result, written: typeof written === 'string' ? written : written.json };
}

describe('a compiled operation writes what GraphQL executes', () => {
  test('for random selections and messages', () => {
    let compared = 0;
    const compare = (seed: number, message: Messages): void => {
      const { query, variables } = randomDocument(seed, message.field);
      const { result, written } = bothWays(query, message.plain, variables);
      const fromRows = bothWays(query, message.fromRows, variables).written;
      if (result === null) {
        expect([query, written, fromRows]).toEqual([query, 'UNKNOWN', 'UNKNOWN']);
        return;
      }
      compared += 1;
      expect([query, written]).toEqual([query, stringifyJson(result)]);
      // Where a turn has counted bytes for long, those of further payloads are promises.
      if (fromRows === 'UNKNOWN' && query.includes('payloadBytes')) return;
      // The payload of a row has the spaces of jsonb.
      expect([query, stringifyJson(parseJson(fromRows))]).toEqual([query, stringifyJson(result)]);
    };
    fc.assert(fc.property(fc.integer(), anyMessage, compare), { numRuns: 500 });
    expect(compared).toBeGreaterThan(200);
  });

  test.each([
    ['numbers that no double holds', '{"n": 9007199254740993, "list": [0.1000000000000000000000001, 1000]}'],
    ['keys that objects have', '{"__proto__": {"a": 1}, "constructor": 2, "then": 3, "toJSON": 4}'],
  ])('a payload from the database with %s', (_what, payload) => {
    const event = rowEventOf(storedAs({ id: 'a', event: 'b', resource: { id: 'c' } }), payload);
    const { result, written } = bothWays('subscription { events { id payload } }', event);
    expect(written).toBe(`{"data":{"events":{"id":"a","payload":${payload}}}}`);
    expect(stringifyJson(result)).toBe(`{"data":{"events":{"id":"a","payload":${payload.replaceAll(' ', '')}}}}`);
  });
});

describe('what is not compiled is left to GraphQL', () => {
  const compiled = (of: GraphQLSchema, query: string) => compileResults({ schema: of, document: parse(query), variableValues: {} });
  const types = buildSchema(`
    type Query { text: String! maybe: String list: [Int!]! many: [String] nested: Query any: Any number: Int! with(n: Int!): Int }
    union Any = A | B
    type A { a: Int }
    type B { b: Int }
  `);

  test.each([
    ['null for a type that is not null', '{ text }', { text: null }],
    ['an absent value of it', '{ text }', {}],
    ['null in a list of such a type', '{ list }', { list: [1, null] }],
    ['a wrong value', '{ number }', { number: 'a' }],
    ['a function', '{ text }', { text: () => 'a' }],
    ['an error as a value', '{ maybe }', { maybe: new Error('a') }],
    ['an error as an object', '{ nested { text } }', { nested: new GraphQLError('a') }],
    ['a promise', '{ maybe }', { maybe: Promise.resolve('a') }],
    ['a promise of an object', '{ nested { text } }', { nested: Promise.resolve({ text: 'a' }) }],
    ['promises in a list', '{ many }', { many: ['a', Promise.resolve('b')] }],
    ['another iterable than an array', '{ many }', { many: new Set(['a']) }],
  ])('%s', (_what, query, value) => {
    expect(compiled(types, query)!.writeAtOnce({ rootValue: value, contextValue: {}, maxBytes: 100 })).toBe('UNKNOWN');
  });

  test.each([
    ['a union whose types only values tell', '{ any { ... on A { a } } }'],
    ['introspection', '{ __schema { queryType { name } } }'],
    ['a required argument that is missing', '{ with }'],
    ['a variable with a wrong value', 'query ($n: Int!) { with(n: $n) }'],
    ['fragments that stand for very many fields', `{ ...F0 } ${fragments(20)}`],
  ])('%s', (_what, query) => {
    expect(compiled(types, query)).toBeNull();
  });

  test('a result beyond the size', () => {
    const write = (text: string) =>
      compiled(types, '{ text a: text }')!.writeAtOnce({ rootValue: { text }, contextValue: {}, maxBytes: 100 });
    expect(write('x'.repeat(20))).toEqual({ json: `{"data":{"text":"${'x'.repeat(20)}","a":"${'x'.repeat(20)}"}}` });
    expect(write('x'.repeat(60))).toBe('TOO_LARGE');
    expect(write('x'.repeat(200))).toBe('TOO_LARGE');
  });
});

test('nothing is resolved after a promise that is not waited for', async () => {
  const resolved: string[] = [];
  const types = buildSchema('type Query { first: Query second: String text: String }');
  const { first, second } = types.getQueryType()!.getFields();
  first!.resolve = () => Promise.resolve({ text: 'a' });
  second!.resolve = () => (resolved.push('second'), 'b');
  types.getQueryType()!.getFields()['text']!.resolve = () => (resolved.push('text'), 'c');
  const writer = compileResults({ schema: types, document: parse('{ first { text } second }') })!;
  expect(writer.writeAtOnce({ contextValue: {}, maxBytes: 100 })).toBe('UNKNOWN');
  await new Promise((resolve) => setImmediate(resolve));
  expect(resolved).toEqual([]);
  expect(await writer.write({ contextValue: {}, maxBytes: 100 })).toEqual({ json: '{"data":{"first":{"text":"c"},"second":"b"}}' });
});

test('a list that will be too large is left to GraphQL after some elements', () => {
  let written = 0;
  const many = Array.from({ length: 1000 }, () => ({
    get text() {
      written += 1;
      return 'x'.repeat(100);
    },
  }));
  const types = buildSchema('type Query { many: [Text!]! } type Text { text: String! }');
  const write = (count: number, maxBytes: number) =>
    compileResults({ schema: types, document: parse('{ many { text } }') })!.writeAtOnce({
      rootValue: { many: many.slice(0, count) },
      contextValue: {},
      maxBytes,
    });
  expect(write(1000, 50_000)).toBe('TOO_LARGE');
  expect(written).toBeLessThan(50);
  expect(write(1000, 120_000)).toEqual({ json: JSON.stringify({ data: { many } }) });
  expect(write(10, 1200)).toEqual({ json: JSON.stringify({ data: { many: many.slice(0, 10) } }) });
});

test('after failures in a row few results are tried, until one succeeds', () => {
  const types = buildSchema('type Query { text: String! }');
  const writer = compileResults({ schema: types, document: parse('{ text }') })!;
  let tried = 0;
  const write = (text: string | null) => {
    const rootValue = Object.defineProperty({}, 'text', { get: () => ((tried += 1), text) });
    return writer.writeAtOnce({ rootValue, contextValue: {}, maxBytes: 100 });
  };
  for (let n = 0; n < 160; n += 1) expect(write(null)).toBe('UNKNOWN');
  expect(tried).toBe(16 + 9);
  const results = Array.from({ length: 20 }, () => write('a'));
  expect(results.filter((each) => each !== 'UNKNOWN')).toHaveLength(20);
  expect(write(null)).toBe('UNKNOWN');
  expect(write('a')).toEqual({ json: '{"data":{"text":"a"}}' });
});

/** Each has the fields of the next one twice. */
function fragments(count: number): string {
  const nested = Array.from(
    { length: count },
    (_, n) => `fragment F${n} on Query { a: nested { ...F${n + 1} } b: nested { ...F${n + 1} } }`,
  );
  return `${nested.join(' ')} fragment F${count} on Query { text }`;
}

/** A message of live events, and the same message of events that were read from the database. */
interface Messages {
  readonly field: 'events' | 'eventStream';
  readonly plain: object;
  readonly fromRows: object;
}

const position = fc.nat(1000) as fc.Arbitrary<number> as fc.Arbitrary<Position>;
const batchOf = (events: readonly StoredEvent[]): StreamMessage => ({
  kind: 'EventBatch',
  events,
  previous: 1 as Position,
  cursor: 2 as Position,
});
const sameInBoth = (message: StreamMessage): Messages => ({ field: 'eventStream', plain: message, fromRows: message });
const anyMessage: fc.Arbitrary<Messages> = fc.oneof(
  { weight: 8, arbitrary: anyStoredEvent.map((event) => ({ field: 'events' as const, plain: event, fromRows: rowEventOf(event) })) },
  {
    weight: 8,
    arbitrary: fc.array(anyStoredEvent, { maxLength: 3 }).map((events) => ({
      field: 'eventStream' as const,
      plain: batchOf(events),
      fromRows: batchOf(events.map((each) => rowEventOf(each))),
    })),
  },
  { weight: 1, arbitrary: position.map((cursor) => sameInBoth({ kind: 'CaughtUp', cursor })) },
  { weight: 1, arbitrary: position.map((cursor) => sameInBoth({ kind: 'FellBehind', cursor, head: cursor })) },
  { weight: 1, arbitrary: position.map((to) => sameInBoth({ kind: 'RetentionGap', from: 0 as Position, to })) },
  { weight: 1, arbitrary: position.map((to) => sameInBoth({ kind: 'LogReplacedGap', from: { epoch: 'ba9876543210', position: to }, to })) },
  { weight: 1, arbitrary: fc.constant(sameInBoth({ kind: 'Failed', error: new TidingsError('UNAVAILABLE', 'gone') })) },
  { weight: 1, arbitrary: fc.constant(new Expired()).map((expired) => ({ field: 'events' as const, plain: expired, fromRows: expired })) },
);
