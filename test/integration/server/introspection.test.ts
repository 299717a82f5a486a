import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRaw, type RawSocket } from '../../support/protocols/raw-socket.ts';
import { overHttp, overWebSocket, type Transport } from '../../support/transports.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

describe('with introspection off', () => {
  let server: TestServer;
  let raw: RawSocket;
  const transports: Record<string, Transport> = {};
  beforeAll(async () => {
    server = await startTestServer({ TIDINGS_INTROSPECTION: 'off', TIDINGS_GRAPHIQL: 'off' });
    raw = await openRaw(server.tidings.url);
    transports['HTTP'] = overHttp(server.tidings.url);
    transports['WebSocket'] = overWebSocket(raw);
  });
  afterAll(async () => {
    raw[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  describe.each(['HTTP', 'WebSocket'])('over %s', (transport) => {
    test.each([
      getIntrospectionQuery(),
      '{ __type(name: "Event") { name } }',
      'query ($s: Boolean = false) { head ...F } fragment F on Query { a: __schema @skip(if: $s) { queryType { name } } }',
    ])('the schema cannot be queried: %s', async (query) => {
      for (const _ of ['first', 'again']) {
        const { error, data } = await transports[transport]!({ query });
        expect(error?.extensions).toMatchObject({ code: 'FORBIDDEN' });
        expect(error?.message).toMatch(/TIDINGS_INTROSPECTION/);
        expect(data ?? null).toBeNull();
      }
    });

    test.each<[string, object]>([
      ['{ heab }', {}],
      ['{ events(firts: 1) { head } }', {}],
      ['{ events(filter: { evnt: {} }) { head } }', {}],
      ['query ($f: EventFiltre) { events(filter: $f) { head } }', {}],
      ['query ($f: EventFilter) { events(filter: $f) { head } }', { f: { evnt: {} } }],
    ])('names are not suggested: %s %j', async (query, variables) => {
      const { error } = await transports[transport]!({ query, variables });
      expect(error?.message).toBeTypeOf('string');
      expect(error?.message).not.toMatch(/did you mean/i);
    });

    test('__typename and all other fields can be queried', async () => {
      const { data } = await transports[transport]!({ query: '{ __typename events { __typename } }' });
      expect(data).toEqual({ __typename: 'Query', events: { __typename: 'EventConnection' } });
    });
  });

  test('and GraphiQL off, no page is served', async () => {
    const response = await fetch(`${server.tidings.url}/graphql`, { headers: { accept: 'text/html' } });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('content-type') ?? '').not.toMatch(/html/);
    expect(await response.text()).not.toContain('GraphiQL');
  });
});

test('with introspection on, names are suggested over both', async () => {
  await using server = await startTestServer();
  using raw = await openRaw(server.tidings.url);
  for (const transport of [overHttp(server.tidings.url), overWebSocket(raw)]) {
    expect((await transport({ query: '{ heab }' })).error?.message).toMatch(/Did you mean "head"/);
    expect((await transport({ query: '{ __type(name: "Event") { name } }' })).data.__type.name).toBe('Event');
  }
});
