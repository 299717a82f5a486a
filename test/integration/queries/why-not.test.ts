import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input: events });
});
afterAll(() => server[Symbol.asyncDispose]());

const events = [
  {
    id: 'placed',
    event: 'acme.order.placed',
    occurred: '2026-11-23T14:41:10.863461Z',
    resource: { id: 'acme.order.7', name: 'Order 7', labels: { env: 'prod' } },
    related: [
      { id: 'acme.user.kiki', role: 'actor', labels: { team: 'data' } },
      { id: 'acme.user.jo', role: 'owner', labels: { team: 'core' } },
    ],
    payload: {
      parcels: [
        { weight: 0.5, to: 'eu' },
        { weight: 2, to: 'us' },
      ],
      note: 'x'.repeat(2000),
    },
  },
  { id: 'left', event: 'acme.user.left', resource: { id: 'acme.user.kiki' }, follows: 'placed' },
];

const query = `query ($filter: EventFilter!, $id: ID!) {
  whyNot(filter: $filter, eventId: $id) { matches fails { path expected got } }
}`;

async function whyNot(filter: object, id = 'placed'): Promise<any> {
  return (await server.data(query, { filter, id })).whyNot;
}

test('each clause that a stored event fails is named by its path, with the expected and the given value', async () => {
  const filter = {
    event: { startsWith: ['acme.order.'], notIn: ['acme.order.placed'], notLike: ['*.placed'] },
    occurred: { since: '2027-01-01T00:00:00Z' },
    related: [{ role: ['flow'] }, { role: ['actor'], labels: [{ key: 'team', in: ['core'] }] }],
    payload: [
      { path: 'parcels.0.weight', gte: 1 },
      { path: 'note', exists: false },
      { path: 'missing', eq: null },
      { path: 'parcels.*.weight', gt: 0.5, lt: 2 },
      { path: 'parcels.*.to', in: ['uk'] },
    ],
    or: [{ resource: { labels: [{ key: 'env', in: ['dev'] }] } }, { follows: ['x'] }],
    not: { id: ['placed'] },
  };
  expect(await whyNot(filter)).toEqual({
    matches: false,
    fails: [
      {
        path: ['filter', 'occurred', 'since'],
        expected: 'the event occurred at or after 2027-01-01T00:00:00.000000Z',
        got: '2026-11-23T14:41:10.863461Z',
      },
      { path: ['filter', 'event', 'notIn'], expected: 'the event is not "acme.order.placed"', got: 'acme.order.placed' },
      { path: ['filter', 'event', 'notLike'], expected: 'the event is not like "*.placed"', got: 'acme.order.placed' },
      { path: ['filter', 'related', '0', 'role'], expected: 'some one related resource has the role "flow"', got: ['actor', 'owner'] },
      {
        path: ['filter', 'related', '1'],
        expected:
          'some one related resource has the role "actor" and a label "team" equal to "core": each part of this is met, but no single resource meets all of it',
        got: [
          { role: 'actor', id: 'acme.user.kiki' },
          { role: 'owner', id: 'acme.user.jo' },
        ],
      },
      { path: ['filter', 'payload', '0', 'gte'], expected: 'the payload at parcels.0.weight is at least 1', got: 0.5 },
      { path: ['filter', 'payload', '1', 'exists'], expected: 'the payload at note does not exist', got: null },
      { path: ['filter', 'payload', '2', 'eq'], expected: 'the payload at missing is null', got: null },
      {
        path: ['filter', 'payload', '3'],
        expected:
          'some one value in the payload at parcels.*.weight is more than 0.5 and is less than 2: each part of this is met, but no single value meets all of it',
        got: [0.5, 2],
      },
      {
        path: ['filter', 'payload', '4', 'in'],
        expected: 'some one value in the payload at parcels.*.to is "uk"',
        got: ['eu', 'us'],
      },
      {
        path: ['filter', 'or'],
        expected: 'either the primary resource has a label "env" equal to "dev" or the event follows "x"',
        got: null,
      },
      {
        path: ['filter', 'or', '0', 'resource', 'labels', '0', 'in'],
        expected: 'the primary resource has a label "env" equal to "dev"',
        got: 'prod',
      },
      { path: ['filter', 'or', '1', 'follows'], expected: 'the event follows "x"', got: null },
      { path: ['filter', 'not'], expected: 'the event does not have the id "placed"', got: null },
    ],
  });
});

test('an event matches exactly if the filter finds it, and then no clause fails', async () => {
  const filters = [{}, { follows: ['placed'] }, { related: [{ role: ['owner'] }] }, { resource: { id: { startsWith: ['acme.user.'] } } }];
  for (const filter of filters) {
    const { events: found } = await server.data('query ($filter: EventFilter) { events(filter: $filter) { nodes { id } } }', { filter });
    for (const { id } of events) {
      const { matches, fails } = await whyNot(filter, id);
      expect(matches).toBe(found.nodes.some((node: any) => node.id === id));
      expect(fails.length === 0).toBe(matches);
    }
  }
});

test('a filter in the query itself, with null for fields that are left out', async () => {
  const { whyNot: verdict } = await server.data(
    '{ whyNot(filter: { id: null, event: { in: ["acme.user.left"], notIn: null }, payload: [{ path: "a", eq: null, gt: null }] }, eventId: "left") { matches fails { path } } }',
  );
  expect(verdict).toEqual({ matches: false, fails: [{ path: ['filter', 'payload', '0', 'eq'] }] });
});

test('there is no verdict on an event that does not exist', async () => {
  expect(await whyNot({ id: ['missing'] }, 'missing')).toBeNull();
});

test.each(['placed', 'missing'])('a filter that breaks a rule is rejected with its path, for the event %s', async (id) => {
  const filter = { or: [{}, { payload: [{ path: 'a..b', exists: true }] }] };
  const { errors } = await server.execute(query, { filter, id });
  expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_FILTER', path: ['filter', 'or', '1', 'payload', '0', 'path'] });
});
