import { parse, subscribe } from 'graphql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createContext, schema } from '../../../schema/index.ts';
import { startAging, type Aging } from '../../support/database/aging.ts';
import { testClient } from '../../support/client.ts';

let log: Aging;
beforeEach(async () => void (log = await startAging()));
afterEach(() => log[Symbol.asyncDispose]());

const fields = 'buckets { keys start end count firstOccurred lastOccurred } total';
const emit = async (name: string, count: number): Promise<void> => {
  await log.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', {
    input: Array.from({ length: count }, () => ({ event: name, resource: { id: 'r' } })),
  });
};
const countsOf = async (filter: object): Promise<any> =>
  (await log.data(`query ($filter: EventFilter) { eventCounts(by: [{ event: {} }], filter: $filter) { ${fields} head } }`, { filter }))
    .eventCounts;
const follow = async (filter: object): Promise<() => Promise<any>> => {
  const messages: any = await subscribe({
    schema,
    document: parse(
      `subscription ($filter: EventFilter) { eventCounts(by: [{ event: {} }], filter: $filter, intervalMs: 50) { kind cursor ${fields} } }`,
    ),
    variableValues: { filter },
    contextValue: createContext(log.services, testClient),
  });
  return async () => (await messages.next()).value.data.eventCounts;
};

test('a live count of removed events continues with a snapshot without them', async () => {
  await emit('old', 3);
  await emit('both', 2);
  await log.advanceDays(1);
  await emit('both', 4);
  const next = await follow({});
  expect(await next()).toMatchObject({ kind: 'SNAPSHOT', total: 9 });
  await emit('new', 1);
  expect(await next()).toMatchObject({ kind: 'DELTA', total: 1 });
  await log.advanceDays(30);
  const { kind, cursor, ...counted } = await next();
  const { head, ...wanted } = await countsOf({});
  expect({ kind, cursor, counted }).toEqual({ kind: 'SNAPSHOT', cursor: head, counted: wanted });
  expect(wanted.buckets.map(({ keys, count }: any) => [keys[0], count])).toEqual([
    ['both', 4],
    ['new', 1],
  ]);
  await emit('new', 2);
  expect(await next()).toMatchObject({ kind: 'DELTA', total: 2, buckets: [{ keys: ['new'], count: 2 }] });
});

test('a live count without removed events continues with deltas', async () => {
  await emit('old', 3);
  await log.advanceDays(1);
  await emit('new', 4);
  const [next, nextOld] = [await follow({ event: { in: ['new'] } }), await follow({ event: { in: ['old'] } })];
  expect(await next()).toMatchObject({ kind: 'SNAPSHOT', total: 4 });
  expect(await nextOld()).toMatchObject({ kind: 'SNAPSHOT', total: 3 });
  await log.advanceDays(30);
  // Both subscriptions have handled the removal when the other one has sent its snapshot.
  expect(await nextOld()).toMatchObject({ kind: 'SNAPSHOT', total: 0, buckets: [] });
  await emit('new', 1);
  expect(await next()).toMatchObject({ kind: 'DELTA', total: 1 });
  expect((await countsOf({ event: { in: ['new'] } })).total).toBe(5);
});

test('a slow client gets a snapshot after a removal, not a delta to its earlier counts', async () => {
  await emit('old', 3);
  await log.advanceDays(1);
  await emit('new', 4);
  const [quick, slow] = [await follow({}), await follow({})];
  expect(await quick()).toMatchObject({ kind: 'SNAPSHOT', total: 7 });
  expect(await slow()).toMatchObject({ kind: 'SNAPSHOT', total: 7 });
  await log.advanceDays(30);
  expect(await quick()).toMatchObject({ kind: 'SNAPSHOT', total: 4 });
  await emit('new', 1);
  expect(await quick()).toMatchObject({ kind: 'DELTA', total: 1 });
  expect(await slow()).toMatchObject({ kind: 'SNAPSHOT', total: 5 });
});
