import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import { startTidings } from '../../../src/main.ts';
import { onPostgres, post, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const resource = (id: string, team: string) => ({ id, name: id.toUpperCase(), labels: { team } });
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', {
    input: [
      { id: 'e1', event: 'a', resource: resource('acme.b', 'old'), related: [{ ...resource('acme.a', 'new'), role: 'actor' }] },
      { id: 'e2', event: 'a', resource: resource('acme.b', 'new') },
      { id: 'e3', event: 'a', resource: resource('acme.c', 'new'), related: [{ ...resource('other', 'new'), role: 'actor' }] },
    ],
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const query = `query ($idPrefix: String, $first: Int, $after: Cursor) {
  resources(idPrefix: $idPrefix, first: $first, after: $after) {
    edges { cursor node { id } }
    nodes { id name label(key: "team") events { nodes { id } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

async function page(variables: object = {}): Promise<any> {
  const { resources } = await server.data(query, variables);
  return { ...resources, ids: resources.nodes.map(({ id }: any) => id) };
}

test('a resource is readable once its event is acknowledged, in its latest state, with its events', async () => {
  const { nodes, edges, pageInfo } = await page();
  expect(nodes).toEqual([
    { id: 'acme.a', name: 'ACME.A', label: 'new', events: { nodes: [{ id: 'e1' }] } },
    { id: 'acme.b', name: 'ACME.B', label: 'new', events: { nodes: [{ id: 'e2' }, { id: 'e1' }] } },
    { id: 'acme.c', name: 'ACME.C', label: 'new', events: { nodes: [{ id: 'e3' }] } },
    { id: 'other', name: 'OTHER', label: 'new', events: { nodes: [{ id: 'e3' }] } },
  ]);
  expect(edges.map(({ node }: any) => node.id)).toEqual(nodes.map(({ id }: any) => id));
  expect(pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: false, startCursor: edges[0].cursor, endCursor: edges[3].cursor });
});

test('pages follow one another by their cursors, within a prefix', async () => {
  const first = await page({ idPrefix: 'acme.', first: 2 });
  expect(first.ids).toEqual(['acme.a', 'acme.b']);
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  const second = await page({ idPrefix: 'acme.', first: 2, after: first.pageInfo.endCursor });
  expect(second.ids).toEqual(['acme.c']);
  expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  const none = await page({ idPrefix: 'acme.', after: second.pageInfo.endCursor });
  expect(none).toMatchObject({ ids: [], edges: [] });
  expect(none.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null });
  const behind = await page({ idPrefix: 'o', first: 1, after: first.pageInfo.endCursor });
  expect(behind.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
});

test('a page of none has no nodes, and its pageInfo says whether there are any', async () => {
  const none = { nodes: [], edges: [] };
  const info = { startCursor: null, endCursor: null };
  expect(await page({ first: 0 })).toMatchObject({ ...none, pageInfo: { ...info, hasNextPage: true, hasPreviousPage: false } });
  const { edges } = await page();
  expect(await page({ first: 0, after: edges[0].cursor })).toMatchObject({
    pageInfo: { ...info, hasNextPage: true, hasPreviousPage: true },
  });
  expect(await page({ first: 0, after: edges[3].cursor })).toMatchObject({
    pageInfo: { ...info, hasNextPage: false, hasPreviousPage: true },
  });
  expect(await page({ first: 0, idPrefix: 'x' })).toMatchObject({ pageInfo: { ...info, hasNextPage: false, hasPreviousPage: false } });
});

test('a resource is also readable through another process', async () => {
  if (!onPostgres) return; // the embedded database serves one process
  await using other = await startTidings(readSettings(server.environment));
  for (let n = 0; n < 5; n += 1) {
    await server.data(`mutation { emitEvent(input: {event: "a", resource: {id: "shared.${n}"}}) { status } }`);
    const { data } = await post(other.url, '{ resources(idPrefix: "shared.") { nodes { id } } }');
    expect(data.resources.nodes).toHaveLength(n + 1);
  }
});

test('invalid arguments are rejected', async () => {
  const { event } = await server.data('{ event(id: "e1") { cursor } }');
  const { pageInfo } = await page();
  for (const [variables, code, message] of [
    [{ after: event.cursor }, 'BAD_CURSOR', 'after: expected a cursor from a page of resources, got one of events'],
    [{ after: 'acme.a' }, 'BAD_CURSOR', 'after: expected a cursor from a response, got "acme.a"'],
    [{ first: -1 }, 'BAD_USER_INPUT', 'first: expected a whole number from 0 to 1000, got -1'],
    [{ first: 1001 }, 'BAD_USER_INPUT', 'first: expected a whole number from 0 to 1000, got 1001'],
  ] as const) {
    expect((await server.execute(query, variables)).errors).toMatchObject([{ message, extensions: { code } }]);
  }
  for (const order of ['LOG', 'NEWEST_FIRST', 'OLDEST_FIRST']) {
    const { errors } = await server.execute(`{ events(order: ${order}, after: "${pageInfo.endCursor}") { nodes { id } } }`);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_CURSOR' } }]);
  }
});
