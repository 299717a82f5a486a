import { createHash } from 'node:crypto';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRaw } from '../../support/protocols/raw-socket.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_MAX_COST: '1000' });
});
afterAll(() => server[Symbol.asyncDispose]());

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });
const hashOf = (query: string) => ({ extensions: persisted(sha256(query)) });
const json = { 'content-type': 'application/json' };

interface Answer {
  readonly status?: number;
  readonly data?: any;
  readonly code?: string;
  readonly message?: string;
}

type Send = (body: object) => Promise<Answer>;

const answerOf = (status: number, text: string): Answer => {
  const { data, errors } = JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? text);
  return { status, data, code: errors?.[0].extensions?.code, message: errors?.[0].message };
};
const post: Send = async (body) => {
  const response = await fetch(`${server.tidings.url}/graphql`, { method: 'POST', headers: json, body: JSON.stringify(body) });
  return answerOf(response.status, await response.text());
};
const getUrl = (body: object): string => {
  const values = Object.entries(body).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  return `${server.tidings.url}/graphql?${new URLSearchParams(values)}`;
};
const get: Send = async (body) => {
  const response = await fetch(getUrl(body), { headers: { accept: 'application/json' } });
  return answerOf(response.status, await response.text());
};
/** Clients on a WebSocket have to send a query, and send an empty one. */
const overSocket: Send = async (body) => {
  using raw = await openRaw(server.tidings.url);
  const message = new Promise<Answer>((resolve) =>
    raw.socket.on('message', (data: Buffer) => {
      const { type, payload } = JSON.parse(data.toString());
      if (type === 'next') resolve(payload.errors === undefined ? payload : { ...answerOf(200, JSON.stringify(payload)) });
      if (type === 'error') resolve({ code: payload[0].extensions.code, message: payload[0].message });
    }),
  );
  raw.send({ id: 'a', type: 'subscribe', payload: { query: '', ...body } });
  return await message; // awaited before the socket is closed
};
const transports: readonly (readonly [string, Send])[] = [
  ['POST', post],
  ['GET', get],
  ['WebSocket', overSocket],
];

describe.each(transports)('over %s', (name, send) => {
  const query = `query From${name} { head }`;

  test('an unknown hash is PersistedQueryNotFound, and the document is known once it was sent with its hash', async () => {
    expect(await send(hashOf(query))).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND', message: 'PersistedQueryNotFound' });
    expect((await send({ query, ...hashOf(query) })).data.head).toBeTypeOf('string');
    for (const [, other] of transports) expect((await other(hashOf(query))).data.head).toBeTypeOf('string');
  });

  test('no document is stored under the hash of another', async () => {
    const victim = `query Victim${name} { head }`;
    expect(await send({ query: '{ __typename }', ...hashOf(victim) })).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await send(hashOf(victim))).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
  });

  test.each([
    {},
    { version: 2, sha256Hash: sha256(query) },
    { version: 1, sha256Hash: '__proto__' },
    { version: 1, sha256Hash: sha256(query).toUpperCase() },
    'x',
    ['x'],
  ] as readonly unknown[])('%j is rejected', async (persistedQuery) => {
    expect(await send({ query, extensions: { persistedQuery } })).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await send({ extensions: { persistedQuery } })).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('every limit holds for a document found by its hash', async () => {
    const expensive = '{ events(first: 1000) { nodes { id event } } }';
    const deep = `{ ${'chain { '.repeat(30)} id ${'} '.repeat(31)}`;
    for (const text of [expensive, deep]) {
      expect(await send({ query: text, ...hashOf(text) })).toMatchObject({ code: 'LIMIT_EXCEEDED' });
      expect(await send(hashOf(text))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    }
    const wrong = '{ noSuchField }';
    expect(await send({ query: wrong, ...hashOf(wrong) })).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(await send(hashOf(wrong))).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
  });
});

test('a mutation found by its hash is not executed by GET, nor by a page of another origin', async () => {
  const mutation = 'mutation { emitEvent(input: { id: "by-hash", event: "a", resource: { id: "r" } }) { status } }';
  await post({ query: `${mutation} `, ...hashOf(mutation) });
  await post({ query: 'query A { head }', ...hashOf('query A { head }') });
  expect(await get({ query: mutation, ...hashOf(mutation) })).toMatchObject({ status: 405 });
  expect(await get(hashOf(mutation))).toMatchObject({ status: 405 });
  const foreign = await fetch(getUrl(hashOf('query A { head }')), {
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  });
  expect(foreign.status).toBe(403);
  expect(await server.data('{ event(id: "by-hash") { id } }')).toEqual({ event: null });
});

test('a subscription found by its hash streams over SSE', async () => {
  const query = 'subscription { eventStream { __typename } }';
  await post({ query, ...hashOf(query) }); // rejected for its Accept header, after the document was stored
  const response = await fetch(getUrl(hashOf(query)), { headers: { accept: 'text/event-stream' } });
  const reader = response.body!.getReader();
  let text = '';
  while (!text.includes('"data"')) text += Buffer.from((await reader.read()).value ?? '').toString();
  expect(text).toContain('"__typename":"CaughtUp"');
  await reader.cancel();
});

test('status codes follow the media type', async () => {
  const statusOf = async (accept: string): Promise<number> => (await fetch(getUrl(hashOf('{ unknown }')), { headers: { accept } })).status;
  expect([await statusOf('application/json'), await statusOf('application/graphql-response+json')]).toEqual([200, 400]);
});

test.each([false, true])('Apollo Client sends a document once, by GET: %s', async (useGETForHashedQueries) => {
  const sent: string[] = [];
  const http = new HttpLink({
    uri: `${server.tidings.url}/graphql`,
    fetch: (url, init) => {
      const isHashOnly = !/"query":|[?&]query=/.test(JSON.stringify([url, init?.body]).replaceAll('\\"', '"'));
      sent.push(`${init?.method} ${isHashOnly ? 'hash' : 'document'}`);
      return fetch(url, init);
    },
  });
  const link = new PersistedQueryLink({ sha256, useGETForHashedQueries }).concat(http);
  const client = new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: 'network-only' } } });
  const query = gql(`query ByApollo${useGETForHashedQueries} { head }`);
  for (let round = 0; round < 3; round += 1) expect((await client.query<any>({ query })).data.head).toBeTypeOf('string');
  const method = useGETForHashedQueries ? 'GET' : 'POST';
  expect(sent.map((each) => each.split(' ')[1])).toEqual(['hash', 'document', 'hash', 'hash']);
  expect(sent.filter((each) => each.endsWith('hash')).every((each) => each.startsWith(method))).toBe(true);
});
