import { expect, test } from 'vitest';
import type { StreamMessage, TidingsReader } from '../../../src/client/tidings-client.ts';
import { followChain, type ChainEvent } from '../../../src/web/chain/chain-query.ts';

/** Follows the chain of the event `root` on subscriptions with these messages, the first one first. */
async function growth(...subscriptions: readonly (readonly object[])[]) {
  const requested: { readonly follows: readonly string[]; readonly after: string }[] = [];
  async function* stream({ follows }: { follows: string[] }, { after }: { after: string }): AsyncGenerator<object, void> {
    requested.push({ follows, after });
    yield* subscriptions[requested.length - 1] ?? [];
  }
  const client = { stream, page: () => Promise.resolve({ nodes: [] }) } as unknown as TidingsReader;
  const found: string[] = [];
  const onEvents = (events: readonly ChainEvent[]): void => void found.push(...events.map(({ id }) => id));
  const { signal } = new AbortController();
  const error: unknown = await followChain(client, { ids: ['root'], after: 'c0', signal, onEvents }).catch((caught: unknown) => caught);
  return { requested, found, error };
}

const batch = (cursor: string, ...ids: string[]): StreamMessage<object> => ({
  __typename: 'EventBatch',
  previous: '',
  cursor,
  events: ids.map((id) => ({ id })),
});

test('an event that arrives is followed in turn, from its position on', async () => {
  const { requested, found } = await growth([{ __typename: 'CaughtUp', cursor: 'c1' }, batch('c2', 'a', 'root')], [batch('c3', 'b')]);
  expect(found).toEqual(['a', 'b']);
  expect(requested).toEqual([
    { follows: ['root'], after: 'c0' },
    { follows: ['root', 'a'], after: 'c2' },
    { follows: ['root', 'a', 'b'], after: 'c3' },
  ]);
});

test('where events are missing, it ends with a gap', async () => {
  const { found, error } = await growth(
    [batch('c1', 'a')],
    [{ __typename: 'Gap', from: 'c1', to: 'c9', reason: 'RETENTION' }, batch('c10', 'b')],
  );
  expect(found).toEqual(['a']);
  expect(error).toMatchObject({ code: 'GAP', from: 'c1', to: 'c9' });
});

test('when its client is closed, such as for another key, it ends', async () => {
  expect(await growth([])).toMatchObject({ requested: [{ after: 'c0' }], found: [], error: undefined });
});
