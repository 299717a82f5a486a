import { expect, test } from 'vitest';
import { listenTo, startTestServer } from '../../support/test-server.ts';

test('a subscription with hostile globs gets the same events as the query, and delays no other subscription', async () => {
  await using server = await startTestServer();
  const long = 'a'.repeat(9_999);
  const filter = {
    anyResource: [
      { labels: [{ key: 'long', like: [`${'*a'.repeat(500)}b`, ...Array.from({ length: 5 }, (_, n) => `*${'a'.repeat(60)}${n}`)] }] },
    ],
  };
  const query = 'subscription ($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { id } }';
  const { head: after } = await server.data('{ head }');
  const hostile = listenTo(server.socket(), query, { filter, after });
  const harmless = listenTo(server.socket(), query, { filter: { event: { in: ['last'] } }, after });
  const [first, other] = [hostile.next(), harmless.next()];
  const related = (end: string) =>
    Array.from({ length: 30 }, (_, n) => ({ id: `r${n}`, role: 'part', labels: { long: n === 29 ? `${long}${end}` : long } }));
  const emit = (id: string, event: string, end: string): Promise<unknown> =>
    server.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status userErrors { message } } }', {
      input: { id, event, resource: { id: 'r' }, related: related(end) },
    });
  for (let n = 0; n < 3; n += 1) {
    await emit(`miss${n}`, 'other', '');
    await emit(`hit${n}`, 'other', 'b');
  }
  await emit('last', 'last', 'b');
  expect((await other).value.data.events.id).toBe('last');
  const ids = [(await first).value.data.events.id];
  while (!ids.includes('last')) ids.push((await hostile.next()).value.data.events.id);
  const { events } = await server.data('query ($filter: EventFilter) { events(filter: $filter, order: LOG) { nodes { id } } }', { filter });
  const all = events.nodes.map((node: any) => node.id);
  expect(all.slice(-ids.length)).toEqual(ids);
  expect(all).toEqual(['hit0', 'hit1', 'hit2', 'last']);
});
