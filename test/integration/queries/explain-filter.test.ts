import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../../support/test-server.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const input = Array.from({ length: 30 }, (_, n) => ({
    id: `e${n}`,
    event: n % 3 === 0 ? 'acme.order.shipped' : 'acme.order.paid',
    resource: { id: `acme.order.${n}`, labels: { region: n % 2 === 0 ? 'eu' : 'us' } },
    payload: { n },
    follows: n === 0 ? null : 'e0',
  }));
  await world.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
});
afterAll(() => world[Symbol.asyncDispose]());

const query = 'query ($filter: EventFilter!) { explainFilter(filter: $filter) { words foundBy index checked estimate { count exact } } }';

test.each<[object, object]>([
  [{}, { words: 'every event', foundBy: [], index: 'events_by_occurred', checked: [], estimate: { count: 30, exact: true } }],
  [
    { id: ['e1', 'e3'], event: { in: ['acme.order.shipped'] } },
    {
      index: 'event_ids',
      checked: ['the event is "acme.order.shipped"'],
      estimate: { count: 1, exact: true },
    },
  ],
  [{ follows: ['e0'] }, { index: 'events_by_follows', checked: [], estimate: { count: 29, exact: true } }],
  [
    { event: { startsWith: ['acme.order.s'] }, not: { resource: { labels: [{ key: 'region', in: ['eu'] }] } } },
    { index: 'digests_by_terms', foundBy: ['the event begins with "acme.order.s"'], estimate: { count: 5, exact: true } },
  ],
  [{ text: 'ORDER.7' }, { index: 'digests_by_last_occurred', estimate: { count: 1, exact: true } }],
  [{ payload: [{ path: 'n', gt: 27 }] }, { index: 'digests_by_last_occurred', foundBy: [], estimate: { count: 2, exact: true } }],
])('explains %j', async (filter, expected) => {
  const { explainFilter } = await world.data(query, { filter });
  expect(explainFilter).toMatchObject(expected);
});

test('a filter that breaks a rule is not explained', async () => {
  const { errors } = await world.answer(query, { filter: { occurred: { since: 'noon' } } });
  expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_FILTER', path: ['filter', 'occurred', 'since'] });
});
