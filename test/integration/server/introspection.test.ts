import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRaw, type RawSocket } from '../../support/protocols/raw-socket.ts';
import { overHttp, overWebSocket, type Asking } from '../../support/transports.ts';
import { startWorld, type World } from '../../support/test-server.ts';

describe('where introspection is off', () => {
  let world: World;
  let raw: RawSocket;
  const doors: Record<string, Asking> = {};
  beforeAll(async () => {
    world = await startWorld({ TIDINGS_INTROSPECTION: 'off', TIDINGS_GRAPHIQL: 'off' });
    raw = await openRaw(world.tidings.url);
    doors['HTTP'] = overHttp(world.tidings.url);
    doors['WebSocket'] = overWebSocket(raw);
  });
  afterAll(async () => {
    raw[Symbol.dispose]();
    await world[Symbol.asyncDispose]();
  });

  describe.each(['HTTP', 'WebSocket'])('over %s', (door) => {
    test.each([
      getIntrospectionQuery(),
      '{ __type(name: "Event") { name } }',
      'query ($s: Boolean = false) { head ...F } fragment F on Query { a: __schema @skip(if: $s) { queryType { name } } }',
    ])('the schema is not told: %s', async (query) => {
      for (const _ of ['first', 'again']) {
        const { error, data } = await doors[door]!({ query });
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
    ])('nor are its names suggested: %s %j', async (query, variables) => {
      const { error } = await doors[door]!({ query, variables });
      expect(error?.message).toBeTypeOf('string');
      expect(error?.message).not.toMatch(/did you mean/i);
    });

    test('__typename and everything else is answered', async () => {
      const { data } = await doors[door]!({ query: '{ __typename events { __typename } }' });
      expect(data).toEqual({ __typename: 'Query', events: { __typename: 'EventConnection' } });
    });
  });

  test('and GraphiQL too, no page is served', async () => {
    const response = await fetch(`${world.tidings.url}/graphql`, { headers: { accept: 'text/html' } });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('content-type') ?? '').not.toMatch(/html/);
    expect(await response.text()).not.toContain('GraphiQL');
  });
});

test('where it is on, names are suggested on both', async () => {
  await using world = await startWorld();
  using raw = await openRaw(world.tidings.url);
  for (const door of [overHttp(world.tidings.url), overWebSocket(raw)]) {
    expect((await door({ query: '{ heab }' })).error?.message).toMatch(/Did you mean "head"/);
    expect((await door({ query: '{ __type(name: "Event") { name } }' })).data.__type.name).toBe('Event');
  }
});
