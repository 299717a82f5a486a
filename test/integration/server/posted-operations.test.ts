import { createHash, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { parseJson } from '../../../src/json/parse-json.ts';
import { startTestServer } from '../../support/test-server.ts';

// Every request is sent twice to /graphql, and then with a query string, with which Yoga serves it.
const server = await startTestServer({ TIDINGS_RATE_LIMIT: '0' });
afterAll(() => server[Symbol.asyncDispose]());

const emit =
  'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created duplicates rejected results { status event { id payload } userErrors { code field } } } }';
const stored = { id: 'posted-1', occurred: '2026-01-01T00:00:00Z', event: 'a.b', resource: { id: 'r' }, payload: { n: 'é€🙂' } };
await server.data(emit, { input: [stored] });
await server.data(emit, { input: Array.from({ length: 300 }, (_, n) => ({ ...stored, id: `large-${n}` })) });

const events =
  'query E($filter: EventFilter, $first: Int = 3) { events(filter: $filter, first: $first, orderBy: null) { nodes { id payload } } }';
const page = 'query E($filter: EventFilter, $first: Int) { events(filter: $filter, first: $first) { nodes { id payload } } }';
const cases: Readonly<Record<string, { readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }>> = {
  'a query': { body: { query: page, variables: { first: 2 } } },
  'a mutation': { body: { query: emit, variables: { input: [stored] } } },
  'a rejected event': { body: { query: emit, variables: { input: [{ ...stored, event: '' }] } } },
  'a conflict': { body: { query: emit, variables: { input: [{ ...stored, event: 'other' }] } } },
  'nulls for what is left out': { body: { query: page, variables: null, operationName: null, extensions: null } },
  'one of two operations': { body: { query: 'query A { __typename } query B { b: __typename }', operationName: 'B' } },
  'no chosen operation': { body: { query: 'query A { __typename } query B { b: __typename }' } },
  'an unknown operation': { body: { query: 'query A { __typename }', operationName: 'C' } },
  'a persisted query': { body: persisted('{ __typename }') },
  'a persisted query with the wrong hash': { body: { ...persisted('{ __typename }'), query: '{ a: __typename }' } },
  'an unknown persisted query': { body: { extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } } },
  'a syntax error': { body: { query: '{' } },
  'an invalid document': { body: { query: events } },
  'a wrong variable': { body: { query: page, variables: { first: 'many' } } },
  'a missing variable': { body: { query: emit, variables: {} } },
  'variables that are a list': { body: { query: page, variables: [] } },
  'variables that are a text': { body: { query: page, variables: '{}' } },
  'an error of a field': { body: { query: page, variables: { filter: { payload: [{ path: '$.a', eq: 1 }] } } } },
  'an operation that costs too much': {
    body: { query: 'query ($n: Int) { events(first: $n) { nodes { chain(maxEvents: 1000) { events { id } } } } }', variables: { n: 1000 } },
  },
  'a subscription': { body: { query: 'subscription { events { id } }' } },
  'no query': { body: { variables: {} } },
  'a batch': { body: [{ query: '{ __typename }' }] },
  'unknown members': { body: { query: '{ __typename }', documentId: 'x' } },
  'a large result': { body: { query: page, variables: { first: 300 } } },
  'a large result, compressed': { body: { query: page, variables: { first: 300 } }, headers: { 'accept-encoding': 'gzip' } },
  'a content type with a charset': { body: { query: '{ __typename }' }, headers: { 'content-type': 'application/json; charset=utf-8' } },
  'an exact number': { body: '{"query":"query ($n: Int) { events(first: $n) { nodes { id } } }","variables":{"n":9007199254740993}}' },
};
const accepted = [
  undefined,
  '*/*',
  'application/graphql-response+json',
  'application/graphql-response+json, application/json',
  'text/html',
];

test.each(Object.entries(cases).flatMap(([name, each]) => accepted.map((accept) => ({ name, accept, ...each }))))(
  '$name, accepting $accept, has the response that Yoga gives',
  async ({ body, headers, accept }) => {
    const sent = { body, headers: { ...headers, ...(accept !== undefined && { accept }) } };
    const byYoga = await post('/graphql?by=yoga', sent); // the first one, by which Yoga gets to know the document
    expect(await post('/graphql', sent)).toEqual(byYoga);
    expect(await post('/graphql', sent)).toEqual(byYoga);
  },
);

test('a document that Yoga rejects stays rejected', async () => {
  for (let n = 0; n < 3; n += 1) {
    const { status, body } = await send('/graphql', {
      body: { query: '{ nonsense }' },
      headers: { accept: 'application/graphql-response+json' },
    });
    expect({ status, code: JSON.parse(body.toString()).errors[0].extensions.code }).toEqual({
      status: 400,
      code: 'GRAPHQL_VALIDATION_FAILED',
    });
  }
});

function persisted(query: string): object {
  return { query, extensions: { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } } };
}

interface Sent {
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** Status, headers, and body: JSON as a value, since payloads of compiled queries have the spaces of jsonb. */
async function post(path: string, sent: Sent): Promise<object> {
  const { status, headers, body } = await send(path, sent);
  if (headers.has('content-length')) expect(headers.get('content-length')).toBe(String(body.length));
  const text = (headers.get('content-encoding') === 'gzip' ? gunzipSync(body) : body).toString();
  const isJson = headers.get('content-type')?.includes('json') === true;
  const shown = Object.fromEntries([...headers].filter(([name]) => name !== 'content-length' || !isJson));
  return { status, headers: shown, body: isJson ? parseJson(text) : text };
}

function send(path: string, { body, headers }: Sent): Promise<{ status: number; headers: ReadonlyMap<string, string>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const id = randomUUID();
    const sent = request(`${server.tidings.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': id, ...headers },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const names = Object.entries(response.headers).filter(([name]) => name !== 'date');
        const shown = names.map(([name, value]) => [name, String(value).replace(id, 'ID')] as const);
        resolve({ status: response.statusCode ?? 0, headers: new Map(shown), body: Buffer.concat(chunks) });
      });
    });
    sent.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}
