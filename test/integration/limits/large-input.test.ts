import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

// Small in bytes, large in values: GraphQL coerces variables before a resolver sees them.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const query = 'query ($filter: EventFilter) { events(filter: $filter) { nodes { id } } }';
const members = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));
const objects = (count: number): object => ({ or: Array.from({ length: count }, () => ({})) });

test.each<[string, string, () => object, RegExp]>([
  ['objects', query, () => ({ filter: objects(10_001) }), /at most 10000 objects/],
  ['values', query, () => ({ filter: { id: Array.from({ length: 200_001 }, () => 'a') } }), / and 200000 values/],
  ['members', query, () => ({ filter: members(50_001) }), /of 50000 members/],
  ['members of one object', '{ head }', () => ({ unused: members(100_001) }), /an object with more than 100000 members/],
  ['values of an unused variable', '{ head }', () => ({ unused: Array.from({ length: 2_000_001 }, () => 1) }), /more than 2000000 values/],
  ['nested lists', query, () => ({ filter: { id: [Array.from({ length: 200_001 }, () => 1)] } }), /200000 values/],
])('too many %s are rejected before they are coerced, over HTTP and WebSocket', async (_what, text, variables, message) => {
  const { errors } = await server.execute(text, variables());
  expect(errors?.[0]).toMatchObject({ message: expect.stringMatching(message), extensions: { code: 'LIMIT_EXCEEDED' } });

  const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  const next = once(socket, 'message');
  socket.send(JSON.stringify({ id: 'a', type: 'subscribe', payload: { query: text, variables: variables() } }));
  const received = JSON.parse(String((await next)[0]));
  const [error] = received.type === 'next' ? received.payload.errors : received.payload;
  expect(error).toMatchObject({ message: expect.stringMatching(message), extensions: { code: 'LIMIT_EXCEEDED' } });
  socket.close();
});

test('wrong variables with many members report their first error, in the same way as others', async () => {
  const [few, many] = [await server.execute(query, { filter: members(3) }), await server.execute(query, { filter: members(1000) })];
  expect([few.errors?.length, many.errors?.length]).toEqual([3, 2]); // the second says that there are more
  expect(many.errors?.[0]?.extensions).toEqual(few.errors?.[0]?.extensions);
  expect(many.status).toBe(few.status);
  expect(many.errors?.[0]?.message).toMatch(/^Variable "\$filter" got invalid value/);
});

test('the largest lists of a filter still reach its own limits', async () => {
  const names = Array.from({ length: 1001 }, (_, n) => `acme.${n}`);
  const { errors } = await server.execute(query, { filter: { event: { in: names } } });
  expect(errors?.[0]?.extensions?.code).toBe('BAD_FILTER');
  expect((await server.execute(query, { filter: { event: { in: names.slice(1) } } })).errors).toBeUndefined();
  expect((await server.execute(query, { filter: objects(9000) })).errors?.[0]?.extensions?.code).toBe('BAD_FILTER');
});

test('a request costs at least 1 for each 100 bytes, whatever is in it', async () => {
  await using limited = await startTestServer({ TIDINGS_MAX_COST_PER_MINUTE: '1000' });
  const statuses: number[] = [];
  for (let n = 0; n < 3; n += 1) statuses.push((await limited.execute('{ head }', { unused: 'a'.repeat(60_000) })).status);
  expect(statuses[0]).toBe(200);
  expect(statuses).toContain(429);
  const response = await fetch(`${limited.tidings.url}/api/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(Array.from({ length: 20_000 }, () => ({}))),
  });
  expect(response.status).toBe(429);
});
