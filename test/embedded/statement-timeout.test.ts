import { expect, test } from 'vitest';
import { listenTo, startTestServer } from '../support/test-server.ts';

test('a read that exceeds the statement timeout ends, loses nothing, and delays others no longer', async () => {
  await using server = await startTestServer({ TIDINGS_STATEMENT_TIMEOUT_MS: '1000' });
  const long = 'a'.repeat(10_000);
  const emit = (ids: readonly string[]): Promise<any> => {
    const related = Array.from({ length: 20 }, (_, m) => ({ id: `r${m}`, role: 'part', labels: { long } }));
    const input = ids.map((id) => ({ id, event: 'a', resource: { id: 'thing', labels: { long } }, related }));
    return server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
  };
  const ids = Array.from({ length: 20 }, (_, n) => `e${n}`);
  await emit(ids);
  const { head } = (await server.data('{ events(first: 0) { head } }')).events;
  const received = listenTo(server.socket(), 'subscription ($after: Cursor) { events(after: $after) { id } }', { after: head });
  const first = received.next();

  // A single statement of these takes minutes.
  const like = Array.from({ length: 15 }, (_, n) => `*${'?a'.repeat(100)}${n}`);
  const filter = { anyResource: [{ labels: [{ key: 'long', like }] }] };
  const slow = server.execute('query ($filter: EventFilter) { events(filter: $filter) { nodes { id } } }', { filter });
  const emitted = emit(['meanwhile']);
  expect((await slow).errors).toMatchObject([{ message: expect.stringContaining('1000 ms'), extensions: { code: 'LIMIT_EXCEEDED' } }]);
  expect(await emitted).toEqual({ emitEvents: { created: 1 } });
  expect((await first).value.data.events.id).toBe('meanwhile');
  // Until the thread runs again, a query waits, perhaps for longer than the timeout.
  const stored = async (): Promise<readonly string[]> => {
    const { data } = await server.execute('{ events(first: 50) { nodes { id } } }');
    return data?.events.nodes.map(({ id }: { id: string }) => id).toSorted();
  };
  await expect.poll(stored, { timeout: 20_000 }).toEqual([...ids, 'meanwhile'].toSorted());
  expect(await emit(['e0', 'after'])).toEqual({ emitEvents: { created: 1 } });
});
