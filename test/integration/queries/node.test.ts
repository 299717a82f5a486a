import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await emit([
    { id: 'shared', event: 'a', resource: { id: 'shared', name: 'first' }, related: [{ id: 'flow', role: 'flow' }], occurred: at(1) },
    { id: 'later', event: 'b', resource: { id: 'shared', name: 'second' }, follows: 'shared', occurred: at(2) },
    ...['ü💌 /+="', 'x'.repeat(255)].map((id) => ({ id, event: 'c', resource: { id }, occurred: at(3) })),
  ]);
});
afterAll(() => server[Symbol.asyncDispose]());

const at = (second: number): string => `2026-01-01T00:00:0${second}.000000Z`;
const emit = (input: readonly object[]): Promise<unknown> =>
  server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
const nodeQuery =
  'query ($nodeId: ID!) { node(nodeId: $nodeId) { __typename nodeId ... on Event { id event } ... on Resource { id name } } }';
const node = async (nodeId: string): Promise<any> => (await server.data(nodeQuery, { nodeId })).node;

test('an event and a resource of the same id have nodeIds that differ, and each leads back to its own', async () => {
  const { event, resource } = await server.data('{ event(id: "shared") { nodeId } resource(id: "shared") { nodeId } }');
  expect(event.nodeId).not.toBe(resource.nodeId);
  expect(await node(event.nodeId)).toEqual({ __typename: 'Event', nodeId: event.nodeId, id: 'shared', event: 'a' });
  expect(await node(resource.nodeId)).toEqual({ __typename: 'Resource', nodeId: resource.nodeId, id: 'shared', name: 'second' });
});

test('an object has one nodeId, however it is reached', async () => {
  const data = await server.data(`{
    event(id: "shared") { nodeId followers { nodes { nodeId follows { nodeId } } } related { resource { nodeId } } resource { resource { nodeId } } }
    events(filter: { id: ["later"] }) { nodes { nodeId resource { resource { nodeId events(first: 1) { nodes { nodeId } } } } } }
    resources { nodes { nodeId id } }
  }`);
  const { event, events, resources } = data;
  const resourceNodeId = (id: string): string => resources.nodes.find((each: any) => each.id === id).nodeId;
  expect(events.nodes[0].nodeId).toBe(event.followers.nodes[0].nodeId);
  expect(event.followers.nodes[0].follows.nodeId).toBe(event.nodeId);
  expect(events.nodes[0].resource.resource.nodeId).toBe(resourceNodeId('shared'));
  expect(events.nodes[0].resource.resource.events.nodes[0].nodeId).toBe(events.nodes[0].nodeId);
  expect(event.resource.resource.nodeId).toBe(resourceNodeId('shared'));
  expect(event.related[0].resource.nodeId).toBe(resourceNodeId('flow'));
});

test('a nodeId needs no escape in a URL, whatever the id', async () => {
  const { events, resources } = await server.data('{ events { nodes { id nodeId } } resources { nodes { id nodeId } } }');
  const nodes = [...events.nodes, ...resources.nodes];
  expect(nodes).toHaveLength(8);
  for (const { id, nodeId } of nodes) {
    expect(nodeId).toMatch(/^[\w-]+$/);
    expect(await node(nodeId)).toMatchObject({ id, nodeId });
  }
});

describe('node', () => {
  test('is null for what is not stored', async () => {
    await using other = await startTestServer();
    const { event, resource } = await server.data('{ event(id: "shared") { nodeId } resource(id: "flow") { nodeId } }');
    for (const { nodeId } of [event, resource]) expect((await other.data(nodeQuery, { nodeId })).node).toBeNull();
  });

  test('rejects what is no nodeId, among it cursors and nodeIds with a character changed', async () => {
    const { event, head } = await server.data('{ event(id: "shared") { nodeId } head }');
    const changed = event.nodeId.replace(/./, (first: string) => (first === 'B' ? 'C' : 'B'));
    for (const nodeId of ['', 'shared', 'Event:shared', head, changed, `${event.nodeId}=`, `${event.nodeId}A`]) {
      const { errors, data } = await server.execute(nodeQuery, { nodeId });
      expect(data, nodeId).toEqual({ node: null });
      expect(errors?.[0]?.message, nodeId).toMatch(/^nodeId: expected a nodeId that Tidings returned, got "/);
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', path: ['nodeId'] });
    }
  });
});
