import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const input = [
    {
      id: 'one',
      event: 'a',
      occurred: '2026-01-01T00:00:01Z',
      resource: { id: 'order', name: 'Order', labels: { state: 'new' } },
      related: [
        { id: 'kiki', role: 'buyer', name: 'Kiki' },
        { id: 'kiki', role: 'payer', labels: { card: 'visa' } },
      ],
    },
    {
      id: 'two',
      event: 'b',
      occurred: '2026-01-01T00:00:02Z',
      resource: { id: 'order', name: 'Order 1', labels: { state: 'paid' } },
      related: [{ id: 'order', role: 'parent', labels: { state: 'other' } }],
    },
  ];
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
});
afterAll(() => server[Symbol.asyncDispose]());

test('snapshots show a resource as their event described it; their resource as the newest event describes it', async () => {
  const { events } = await server.data(`{ events(order: LOG) { nodes {
    resource { __typename resourceId name labels label(key: "state") resource { __typename id name labels label(key: "state") } }
    related { __typename resourceId role name labels label(key: "prefect.resource.role") resource { id name } }
  } } }`);
  const order = {
    __typename: 'Resource',
    id: 'order',
    name: 'Order 1',
    labels: { state: 'paid', 'prefect.resource.name': 'Order 1' },
    label: 'paid',
  };
  expect(events.nodes).toEqual([
    {
      resource: {
        __typename: 'PrimaryResource',
        resourceId: 'order',
        name: 'Order',
        labels: { state: 'new', 'prefect.resource.name': 'Order' },
        label: 'new',
        resource: order,
      },
      related: [
        {
          __typename: 'RelatedResource',
          resourceId: 'kiki',
          role: 'buyer',
          name: 'Kiki',
          labels: { 'prefect.resource.name': 'Kiki' },
          label: 'buyer',
          resource: { id: 'kiki', name: 'Kiki' },
        },
        {
          __typename: 'RelatedResource',
          resourceId: 'kiki',
          role: 'payer',
          name: null,
          labels: { card: 'visa' },
          label: 'payer',
          resource: { id: 'kiki', name: 'Kiki' },
        },
      ],
    },
    {
      resource: {
        __typename: 'PrimaryResource',
        resourceId: 'order',
        name: 'Order 1',
        labels: order.labels,
        label: 'paid',
        resource: order,
      },
      related: [
        {
          __typename: 'RelatedResource',
          resourceId: 'order',
          role: 'parent',
          name: null,
          labels: { state: 'other' },
          label: 'parent',
          resource: { id: 'order', name: 'Order 1' },
        },
      ],
    },
  ]);
});

test('a fragment on the interface selects primary and related snapshots', async () => {
  const { event } = await server.data(
    '{ event(id: "one") { resource { ...S } related(role: ["buyer"]) { ...S } } } fragment S on ResourceSnapshot { resourceId name }',
  );
  expect(event).toEqual({ resource: { resourceId: 'order', name: 'Order' }, related: [{ resourceId: 'kiki', name: 'Kiki' }] });
});

test('snapshots have no id that a client cache could take for an identity', async () => {
  for (const query of ['{ event(id: "one") { resource { id } } }', '{ event(id: "one") { related { id } } }']) {
    const { errors } = await server.execute(query);
    expect(errors?.[0]?.message).toMatch(/Cannot query field "id" on type "(Primary|Related)Resource"/);
  }
});

test('two snapshots and their resource are told apart by Query.resource too', async () => {
  const { resource } = await server.data('{ resource(id: "order") { id name events(order: LOG) { nodes { resource { name } } } } }');
  expect(resource).toEqual({
    id: 'order',
    name: 'Order 1',
    events: { nodes: [{ resource: { name: 'Order' } }, { resource: { name: 'Order 1' } }] },
  });
});
