import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenTo, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const stream = `subscription ($filter: EventFilter, $after: Cursor, $until: Cursor, $batchSize: Int, $maxBytes: Int, $order: StreamOrder) {
  eventStream(filter: $filter, after: $after, until: $until, batchSize: $batchSize, maxBytes: $maxBytes, order: $order) {
    ... on EventBatch { events { id payload } previous cursor }
    ... on CaughtUp { cursor }
  }
}`;
const emit = (input: readonly object[]): Promise<unknown> =>
  server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
const head = async (): Promise<string> => (await server.data('{ head }')).head;
const event = (id: string, bytes: number, follows: string | null = null) => ({
  id,
  event: `kind.${id.split('-')[0]}`,
  resource: { id: 'r' },
  payload: { filler: 'x'.repeat(bytes) },
  follows,
});
const only = (kind: string): object => ({ event: { in: [`kind.${kind}`] } });

interface Batch {
  readonly ids: readonly string[];
  readonly bytes: number;
  readonly previous: string;
  readonly cursor: string;
}

/** Takes batches of a stream until they have so many events. */
async function batchesOf(messages: AsyncIterator<any>, events: number): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for (let count = 0; count < events;) {
    const { value } = await messages.next();
    if (value.errors !== undefined) throw new Error(JSON.stringify(value.errors));
    const { events: batch, previous, cursor } = value.data.eventStream;
    if (batch === undefined) continue;
    batches.push({ ids: batch.map(({ id }: any) => id), bytes: JSON.stringify(value.data).length, previous, cursor });
    count += batch.length;
  }
  return batches;
}

describe.each(['LOG', 'CAUSAL'])('in order %s', (order) => {
  const inOrder = (kind: string): string[] => Array.from({ length: 20 }, (_, n) => `${kind}-${String(n).padStart(2, '0')}`);
  /** In causal order the last one is emitted first. */
  const emissionOf = (kind: string, sizeOf: (n: number) => number): object[] => {
    const events = inOrder(kind).map((id, n) => event(id, sizeOf(n), n === 0 ? null : (inOrder(kind)[n - 1] ?? null)));
    return order === 'CAUSAL' ? events.toReversed() : events;
  };
  const hundredKilobytes = (): number => 100_000;
  const oneOfThemLarge = (n: number): number => (n === 7 ? 1_400_000 : 100);

  test.each(['live', 'from history'])('20 events of 100 KB arrive in pairs when a batch has at most 250,000 bytes, %s', async (when) => {
    const kind = `${order}${when.length}`;
    const after = await head();
    const listen = () => listenTo(server.socket(), stream, { filter: only(kind), after, order, maxBytes: 250_000 });
    const live = when === 'live' ? listen() : null;
    await live?.next();
    await emit(emissionOf(kind, hundredKilobytes));
    const batches = await batchesOf(live ?? listen(), 20);
    expect(batches.map(({ ids }) => ids.length)).toEqual(Array.from({ length: 10 }, () => 2));
    expect(batches.flatMap(({ ids }) => ids)).toEqual(inOrder(kind));
    for (const [n, { previous }] of batches.slice(1).entries()) expect(previous).toBe(batches[n]?.cursor);
  });

  test.each(['live', 'from history'])('an event larger than maxBytes arrives alone, %s', async (when) => {
    const kind = `large${order}${when.length}`;
    const after = await head();
    const listen = () => listenTo(server.socket(), stream, { filter: only(kind), after, order });
    const live = when === 'live' ? listen() : null;
    await live?.next();
    await emit(emissionOf(kind, oneOfThemLarge));
    const batches = await batchesOf(live ?? listen(), 20);
    // Live, the events around it can come in several batches: they are stored in several steps.
    const large = inOrder(kind)[7];
    expect(batches.filter(({ ids }) => large !== undefined && ids.includes(large)).map(({ ids }) => ids)).toEqual([[large]]);
    expect(batches.flatMap(({ ids }) => ids)).toEqual(inOrder(kind));
  });

  test('messages stay below 1 MiB by default', async () => {
    const kind = `default${order}`;
    const after = await head();
    await emit(emissionOf(kind, hundredKilobytes));
    const batches = await batchesOf(listenTo(server.socket(), stream, { filter: only(kind), after, order }), 20);
    expect(batches.map(({ ids }) => ids.length)).toEqual([7, 7, 6]);
    for (const { bytes } of batches) expect(bytes).toBeLessThan(1 << 20);
  });
});

test('a stream resumes exactly from a batch that was cut by its bytes', async () => {
  const after = await head();
  const ids = Array.from({ length: 9 }, (_, n) => `cut-${n}`);
  await emit(ids.map((id) => event(id, 1000)));
  const request = { filter: only('cut'), maxBytes: 3500, until: await head() };
  const batches = await batchesOf(listenTo(server.socket(), stream, { ...request, after }), 9);
  expect(batches.map(({ ids: some }) => some.length)).toEqual([3, 3, 3]);
  for (const [n, { cursor }] of batches.slice(0, 2).entries()) {
    const rest = await batchesOf(listenTo(server.socket(), stream, { ...request, after: cursor }), 9 - 3 * (n + 1));
    expect(rest.flatMap((batch) => batch.ids)).toEqual(ids.slice(3 * (n + 1)));
  }
});

test('batchSize applies too, and maxBytes: 1 delivers events one by one', async () => {
  const after = await head();
  await emit(Array.from({ length: 6 }, (_, n) => event(`both-${n}`, 10)));
  const lengths = async (request: object): Promise<number[]> =>
    (await batchesOf(listenTo(server.socket(), stream, { filter: only('both'), after, ...request }), 6)).map(({ ids }) => ids.length);
  expect(await lengths({ batchSize: 4, maxBytes: 100_000 })).toEqual([4, 2]);
  expect(await lengths({ batchSize: 4, maxBytes: 1 })).toEqual([1, 1, 1, 1, 1, 1]);
});

test.each([
  [0, 'BAD_USER_INPUT'],
  [-1, 'BAD_USER_INPUT'],
  [16 * 1024 * 1024 + 1, 'LIMIT_EXCEEDED'],
])('maxBytes: %d is %s', async (maxBytes, code) => {
  const { value } = await listenTo(server.socket(), stream, { maxBytes }).next();
  expect(value.errors[0].message).toBe(`maxBytes: expected a whole number from 1 to 16777216, got ${maxBytes}`);
  expect(value.errors[0].extensions).toEqual({ code, path: ['maxBytes'] });
});
