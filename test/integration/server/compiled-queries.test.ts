import * as fc from 'fast-check';
import { execute, parse, validate, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '../../../schema/context.ts';
import { schema } from '../../../schema/index.ts';
import { formatNodeId } from '../../../schema/node.ts';
import { parseJson } from '../../../src/json/parse-json.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { createQueryWriter } from '../../../src/server/graphql/compiled/compiled-queries.ts';
import { readSettings } from '../../../src/settings.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { openStore, type Store } from '../../../src/store/open-store.ts';
import { contextOnStore } from '../../support/database/execute-on-store.ts';
import { newDatabase } from '../../support/test-server.ts';
import { randomDocument } from '../../unit/support/random-document.ts';
import { draftOf } from '../../unit/support/valid-event.ts';

let testDatabase: Awaited<ReturnType<typeof newDatabase>>;
let store: Store;
beforeAll(async () => {
  testDatabase = await newDatabase();
  store = await openStore(readSettings(testDatabase.environment));
  const drafts = Array.from({ length: 40 }, (_, n) =>
    draftOf({
      id: `e-${n}`,
      event: `job.${n % 3 === 0 ? 'done' : 'started'}`,
      resource: { id: `job-${n % 7}`, name: 'Job "é🙂"', labels: { k: `${n}` } },
      related: n % 2 === 0 ? [] : [{ id: 'team', role: 'actor', labels: { __proto__: 'x' } }],
      payload: { a: n % 2 === 0 ? { b: [n, 0.1, null] } : [n], 'x y': '\u2028', ...(n === 3 && { large: 'é'.repeat(2000) }) },
      follows: n % 5 === 0 ? null : `e-${n - 1}`,
    }),
  );
  await appendEvents(store.database, drafts, 'REJECT_ALL');
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await testDatabase[Symbol.asyncDispose]();
});

interface Both {
  readonly executed: ExecutionResult;
  readonly written: string | null;
  /** Of each way, and of an execution in the context in which the query was written. */
  readonly statements: readonly [executed: number, written: number, executedAgain: number];
}

type Variables = Readonly<Record<string, unknown>>;

async function bothWays(query: string, variableValues: Variables = {}, writer = createQueryWriter(), maxBytes?: number): Promise<Both> {
  const document = documentOf(query);
  let statements = 0;
  const context = (): Context => {
    const made = contextOnStore(store, () => void (statements += 1));
    if (maxBytes !== undefined) Object.defineProperty(made.budget, 'maxBytes', { value: maxBytes });
    return made;
  };
  const counted = async <T>(run: () => T | Promise<T>): Promise<[T, number]> => {
    statements = 0;
    return [await run(), statements];
  };
  const args: ExecutionArgs = { schema, document, variableValues };
  await writer({ ...args, contextValue: context() }); // queries are compiled for the second request
  const contextValue = context();
  const [executed, byExecuting] = await counted(() => execute({ ...args, contextValue: context() }));
  const [written, byWriting] = await counted(() => writer({ ...args, contextValue }));
  const [again, byExecutingAgain] = await counted(() => execute({ ...args, contextValue }));
  expect(stringifyJson(again), query).toBe(stringifyJson(executed));
  return { executed, written, statements: [byExecuting, byWriting, byExecutingAgain] };
}

const documents = new Map<string, ReturnType<typeof parse>>();
function documentOf(query: string): ReturnType<typeof parse> {
  const document = documents.get(query) ?? parse(query);
  documents.set(query, document);
  expect(validate(schema, document), query).toEqual([]);
  return document;
}

function expectSame({ executed, written }: Both, query: string): void {
  expect(executed.errors, query).toBeUndefined();
  expect(written, query).not.toBeNull();
  // Payloads have the spaces of jsonb.
  expect([query, stringifyJson(parseJson(written!))]).toEqual([query, stringifyJson(executed)]);
}

const event =
  '{ id event occurred received followsId resource { resourceId name labels } related { role labels } payload payloadBytes cursor }';

test.each([
  `{ event(id: "e-3") ${event} }`,
  '{ event(id: "absent") { id } }',
  `{ events(first: 3) { nodes ${event} pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
  `{ events { edges { cursor node { follows ${event} followers { nodes { id } totalCount { count } } chain { ancestors { id } } } } head } }`,
  '{ events(filter: { event: { in: ["none"] } }) { nodes { id } pageInfo { endCursor } totalCount(max: 3) { count exceeded } } }',
  '{ resource(id: "job-1") { name labels label(key: "k") events(first: 2, involvement: PRIMARY) { nodes { id } } } }',
  '{ resources(first: 3) { edges { cursor node { id name } } pageInfo { hasNextPage endCursor } } }',
  `{ node(nodeId: "${formatNodeId({ type: 'Event', id: 'e-1' })}") { __typename nodeId ... on Event { id payload } ... on Resource { name } } }`,
  '{ a: events(first: 1) { nodes { id } } b: events(last: 1) { nodes { id } } head __typename }',
  '{ eventCounts(by: [{ event: {} }]) { buckets { count } } }',
])('%s is written as GraphQL executes it, with as many statements', async (query) => {
  await bothWays(query); // the first one of a filter reads more
  const both = await bothWays(query);
  expectSame(both, query);
  expect(both.statements[1]).toBe(both.statements[0]);
});

test('random documents are written as GraphQL executes them', async () => {
  let compared = 0;
  const compare = async (seed: number): Promise<void> => {
    const { query, variables } = randomDocument(seed, 'page');
    const both = await bothWays(query, variables);
    if (both.executed.errors === undefined) {
      expectSame(both, query);
      compared += 1;
    } else expect([query, both.written]).toEqual([query, null]);
  };
  await fc.assert(fc.asyncProperty(fc.integer(), compare), { numRuns: 150 });
  expect(compared).toBeGreaterThan(100);
}, 60_000);

test('a document is compiled for the values of its variables', async () => {
  const query = `query ($first: Int, $filter: EventFilter, $path: String!, $yes: Boolean!, $role: [String!]) {
    events(first: $first, filter: $filter) @include(if: $yes) { nodes { id payloadAt(path: $path) related(role: $role) { role } ...R } }
    head @skip(if: $yes)
  }
  fragment R on Event { resource @include(if: $yes) { resourceId } }`;
  const writer = createQueryWriter();
  const values: readonly Variables[] = [
    { path: 'a', yes: true },
    { path: 'a', yes: true, first: 2 },
    { path: 'a.b', yes: true, first: 2, filter: { event: { in: ['job.done'] } } },
    { path: 'a', yes: false },
    { path: 'a', yes: true, first: 3, role: ['actor'] },
    { path: 'a', yes: true, first: 3, role: ['none'] },
  ];
  for (const variables of [...values, ...values]) expectSame(await bothWays(query, variables, writer), stringifyJson(variables));
});

test.each([
  ['an error of a field', '{ events(first: 3) { nodes { id payloadAt(path: "$.a") } } }', 1],
  ['an error of a root field', '{ events(first: -1) { nodes { id } } }', 0],
  ['introspection', '{ __schema { queryType { name } } }', 0],
])('%s is left to GraphQL, which reads nothing again', async (_what, query, statements) => {
  const both = await bothWays(query);
  expect(both.written).toBeNull();
  expect(both.statements[0]).toBe(statements);
  expect(both.statements[1] + both.statements[2]).toBe(statements);
});

test('a result beyond the budget is left to GraphQL, counted in bytes', async () => {
  const query = '{ event(id: "e-3") { payload a: payload b: payload c: payload } }';
  const { written } = await bothWays(query);
  const bytes = Buffer.byteLength(written!);
  expect(bytes).toBeGreaterThan(written!.length + 8000);
  expect((await bothWays(query, {}, createQueryWriter(), bytes)).written).toBe(written);
  expect((await bothWays(query, {}, createQueryWriter(), bytes - 1)).written).toBeNull();
});
