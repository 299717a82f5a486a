import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import { afterAll, expect, test } from 'vitest';
import { DocumentCache } from '../../../src/server/graphql/document-cache.ts';
import { PersistedQueries } from '../../../src/server/graphql/persisted-queries.ts';
import { createOperationExecutor } from '../../../src/server/graphql/execute-operation.ts';
import { createPostedOperations } from '../../../src/server/graphql/posted-operations.ts';
import { readRequestBody } from '../../../src/server/graphql/request-body.ts';

const documents = new DocumentCache();
const schema = createSchema({
  typeDefs: 'type Query { n: Int fails: Int } type Subscription { n: Int }',
  resolvers: {
    Query: {
      n: () => 1,
      fails: () => {
        throw new Error('masked');
      },
    },
  },
});
const errors = { mask: (error: unknown) => error as Error, report: () => undefined };
const plugins = [documents.plugin()];
const executor = createOperationExecutor(plugins, errors);
const yoga = createYoga({
  schema,
  logging: false,
  parserAndValidationCache: { documentCache: documents },
  plugins: [executor.plugin, ...plugins],
});
const posted = createPostedOperations({
  fetchAPI: yoga.fetchAPI,
  schema,
  createContext: () => ({ budget: { maxBytes: 1e6 } }),
  executor,
  documents,
  persisted: new PersistedQueries(),
  errors,
});
const served: boolean[] = [];
const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  await readRequestBody(request, 1e6);
  const isServed = await posted.serve(request, response, {} as never);
  served.push(isServed);
  if (!isServed) await yoga.handle(request, response);
};
const server = createServer((request, response) => void handle(request, response));
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
afterAll(() => void server.close());

async function post(
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly isServed: boolean; readonly data: unknown }> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { data: await response.json().catch(() => null), isServed: served.pop() ?? false };
}

test('a document is served without Yoga from its second request on', async () => {
  expect(await post({ query: '{ n }' })).toEqual({ data: { data: { n: 1 } }, isServed: false });
  expect(await post({ query: '{ n }' })).toEqual({ data: { data: { n: 1 } }, isServed: true });
  expect(await post({ query: '{ n }', variables: { a: 1 }, operationName: null })).toMatchObject({ isServed: true });
});

test('a document that was only parsed is not', async () => {
  for (let n = 0; n < 3; n += 1) expect(await post({ query: '{ unknown }' })).toMatchObject({ data: { errors: [{}] }, isServed: false });
});

test.each([
  ['a subscription', { query: 'subscription { n }' }, {}],
  ['variables that are no object', { query: '{ n }', variables: 'x' }, {}],
  ['an unknown hash', { query: '{ n }', extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } }, {}],
  ['a stream', { query: '{ n }' }, { accept: 'text/event-stream' }],
])('%s is left to Yoga', async (_name, body, headers) => {
  await post(body, headers);
  expect(await post(body, headers)).toMatchObject({ isServed: false });
});

test('errors of fields have the data beside them', async () => {
  await post({ query: '{ n fails }' });
  expect(await post({ query: '{ n fails }' })).toMatchObject({
    data: { data: { n: 1, fails: null }, errors: [{ path: ['fails'] }] },
    isServed: true,
  });
});
