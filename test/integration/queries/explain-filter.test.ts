import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const input = Array.from({ length: 30 }, (_, n) => ({
    id: `e${n}`,
    event: n % 3 === 0 ? 'acme.order.shipped' : 'acme.order.paid',
    resource: { id: `acme.order.${n}`, labels: { region: n % 2 === 0 ? 'eu' : 'us' } },
    payload: { n, tags: [n % 2 === 0 ? 'even' : 'odd', `n${n}`] },
    follows: n === 0 ? null : 'e0',
  }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
});
afterAll(() => server[Symbol.asyncDispose]());

const query =
  'query ($filter: EventFilter!) { explainFilter(filter: $filter) { description indexConditions index postFilter estimate { count exact } } }';

test.each<[object, object]>([
  [
    {},
    { description: 'every event', indexConditions: [], index: 'events_by_occurred', postFilter: [], estimate: { count: 30, exact: true } },
  ],
  [
    { id: ['e1', 'e3'], event: { in: ['acme.order.shipped'] } },
    {
      index: 'event_ids',
      postFilter: ['the event is "acme.order.shipped"'],
      estimate: { count: 1, exact: true },
    },
  ],
  [{ follows: ['e0'] }, { index: 'events_by_follows', postFilter: [], estimate: { count: 29, exact: true } }],
  [
    { event: { startsWith: ['acme.order.s'] }, not: { resource: { labels: [{ key: 'region', in: ['eu'] }] } } },
    { index: 'events_by_content', indexConditions: ['the event begins with "acme.order.s"'], estimate: { count: 5, exact: true } },
  ],
  [
    { event: { like: ['acme.*.shipped'] } },
    { index: 'events_by_content', indexConditions: ['the event is like "acme.*.shipped"'], estimate: { count: 10, exact: true } },
  ],
  [{ event: { like: ['*'] } }, { indexConditions: [], postFilter: ['the event is like "*"'], estimate: { count: 30, exact: true } }],
  [
    { payload: [{ path: 'tags.*', eq: 'even' }] },
    {
      description: 'some one value in the payload at tags.* is "even"',
      index: 'events_by_content',
      indexConditions: ['some one value in the payload at tags.* is "even"'],
      estimate: { count: 15, exact: true },
    },
  ],
  [
    { resource: { id: { in: ['acme.order.7'] } }, occurred: { since: '2020-01-01T00:00:00Z' } },
    {
      index: 'events_by_resource',
      indexConditions: ['the event occurred at or after 2020-01-01T00:00:00.000000Z', 'the primary resource has the id "acme.order.7"'],
      estimate: { count: 1, exact: true },
    },
  ],
  [{ text: 'ORDER.7' }, { index: 'digests_by_last_occurred', estimate: { count: 1, exact: true } }],
  [{ payload: [{ path: 'n', gt: 27 }] }, { index: 'digests_by_last_occurred', indexConditions: [], estimate: { count: 2, exact: true } }],
])('explains %j', async (filter, expected) => {
  const { explainFilter } = await server.data(query, { filter });
  expect(explainFilter).toMatchObject(expected);
});

test('a filter that breaks a rule is not explained', async () => {
  const { errors } = await server.execute(query, { filter: { occurred: { since: 'noon' } } });
  expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_FILTER', path: ['filter', 'occurred', 'since'] });
});
