import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRaw, type RawSocket } from '../../support/protocols/raw-socket.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { overHttp, overSse, overWebSocket, type Transport } from '../../support/transports.ts';

let server: TestServer;
let raw: RawSocket;
const transports: Record<string, Transport> = {};
beforeAll(async () => {
  server = await startTestServer();
  raw = await openRaw(server.tidings.url);
  transports['HTTP'] = overHttp(server.tidings.url);
  transports['HTTP as graphql-response'] = overHttp(server.tidings.url, { accept: 'application/graphql-response+json' });
  transports['SSE'] = overSse(server.tidings.url);
  transports['WebSocket'] = overWebSocket(raw);
});
afterAll(async () => {
  raw[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const invalid: [code: string, query: string, variables?: object][] = [
  ['GRAPHQL_PARSE_FAILED', '{'],
  ['GRAPHQL_PARSE_FAILED', 'nonsense \ud800'],
  ['GRAPHQL_VALIDATION_FAILED', '{ nothing }'],
  ['OPERATION_RESOLUTION_FAILURE', 'fragment F on Query { head }'],
  ['GRAPHQL_VALIDATION_FAILED', 'subscription { __typename }'],
  ['BAD_USER_INPUT', 'query ($id: ID!) { event(id: $id) { id } }'],
  ['BAD_USER_INPUT', 'query ($id: ID!) { event(id: $id) { id } }', { id: {} }],
  ['BAD_USER_INPUT', 'query ($id: ID!) { event(id: $id) { id } }', { id: null }],
  ['BAD_USER_INPUT', 'query ($first: Int) { events(first: $first) { head } }', { first: 'x' }],
  ['BAD_USER_INPUT', 'query ($after: Cursor) { events(after: $after) { head } }', { after: 7 }],
  ['OPERATION_RESOLUTION_FAILURE', 'query A { head } query B { head }'],
  ['BAD_USER_INPUT', 'subscription ($filter: EventFilter) { events(filter: $filter) { id } }', { filter: 7 }],
  ['BAD_USER_INPUT', 'subscription ($filter: EventFilter!) { events(filter: $filter) { id } }'],
  ['BAD_CURSOR', 'subscription { events(after: "x") { id } }'],
  ['OPERATION_RESOLUTION_FAILURE', 'subscription A { events { id } } subscription B { events { id } }'],
  ['LIMIT_EXCEEDED', '{ events(first: 1000) { nodes { followers(first: 1000) { nodes { id } } } } }'],
];

describe.each(['HTTP', 'HTTP as graphql-response', 'SSE', 'WebSocket'])('every GraphQL error has a code over %s', (transport) => {
  test.each(invalid)('%s: %s %j', async (code, query, variables) => {
    if (transport.startsWith('HTTP') && query.startsWith('subscription')) return; // needs a stream
    const { error, status } = await transports[transport]!({ query, ...(variables && { variables }) });
    expect(error?.extensions?.code).toBe(code);
    if (transport === 'HTTP as graphql-response') expect(status).toBe(400);
    expect(error?.extensions).not.toHaveProperty('http');
  });
});

const long = 'x'.repeat(5000); // a URL has room for it
test.each([
  ['a syntax error', `{ head } ${long}`],
  ['an unknown field', `{ ${long} }`],
  ['a literal', `{ events(first: ${'1'.repeat(5000)}) { head } }`],
  ['a variable', 'query ($first: Int) { events(first: $first) { head } }', { first: long }],
  ['the name of an operation', 'query A { head } query B { head }', undefined, long],
])('the message about a long text in %s is short', async (_, query, variables?: object, operationName?: string) => {
  for (const transport of Object.values(transports)) {
    const { error } = await transport({ query, ...(variables && { variables }), ...(operationName !== undefined && { operationName }) });
    expect(error?.message).toBeTypeOf('string');
    expect(error?.message.length).toBeLessThanOrEqual(1001);
  }
});

test('a subscription over HTTP without a stream has the status 400, and 200 as application/json', async () => {
  const query = 'subscription { events { id } }';
  for (const [accept, expected] of [
    ['application/graphql-response+json', 400],
    ['application/json', 200],
  ] as const) {
    const { status, error } = await overHttp(server.tidings.url, { accept })({ query });
    expect([status, error?.extensions]).toEqual([expected, { code: 'BAD_USER_INPUT' }]);
  }
});

test.each([
  'application/json; charset=utf-8',
  'Application/JSON',
  'application/json;charset="UTF-8"',
  'APPLICATION/JSON ; Charset=UTF8',
  'application/graphql+json',
])('a body of the type %s is read, and its other properties are ignored', async (type) => {
  const body = JSON.stringify({ id: '1', documentId: 'd', doc_id: 7, query: 'query A { head }', operationName: 'A', variables: null });
  const response = await fetch(`${server.tidings.url}/graphql`, { method: 'POST', headers: { 'content-type': type }, body });
  expect([response.status, await response.json()]).toEqual([200, { data: { head: expect.any(String) } }]);
});
