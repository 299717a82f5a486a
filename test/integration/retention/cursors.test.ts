import type { SQL } from 'drizzle-orm';
import { graphql, parse, subscribe } from 'graphql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testClient } from '../../support/client.ts';
import { createContext, schema } from '../../../schema/index.ts';
import { formatCursor, origin, type Position } from '../../../src/event/cursor.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { startAging, type Aging } from '../../support/database/aging.ts';
import { idsOf } from '../../support/streams.ts';

/** A log whose first five events were removed; 45 are kept. */
let log: Aging;
/** The result of emitting the five. */
let first: any;
afterEach(() => log[Symbol.asyncDispose]());

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const emit = async (...events: readonly object[]): Promise<any> =>
  (
    await log.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { head results { event { cursor } } } }', {
      input: events.map((event) => ({ event: 'kind.made', resource: { id: 'r' }, ...event })),
    })
  ).emitEvents;
const cursorOf = (position: number): string => formatCursor({ epoch: log.services.epochHistory.epoch, position: position as Position });
const codeOf = ({ errors }: any): string | undefined => errors?.[0]?.extensions?.code;
const page =
  'query ($after: Cursor, $before: Cursor, $order: EventOrder) { events(order: $order, after: $after, before: $before) { nodes { id } } }';
beforeEach(async () => {
  log = await startAging();
  first = await emit(...names('old', 5).map((id) => ({ id })));
  await log.advanceDays(1);
  await emit(...names('new', 45).map((id) => ({ id })));
  await log.advanceDays(30);
});

test('from a cursor before removed events, a page and a subscription get CURSOR_EXPIRED; from the last of them, no event is missed', async () => {
  const lost = first.results[2].event.cursor;
  expect(codeOf(await log.execute(page, { order: 'LOG', after: lost }))).toBe('CURSOR_EXPIRED');
  expect(codeOf(await log.execute(page, { order: 'LOG', before: lost }))).toBe('CURSOR_EXPIRED');
  const found = await log.data(page, { order: 'LOG', after: first.head });
  expect(found.events.nodes).toHaveLength(45);
  const listen = (after: string): Promise<any> =>
    subscribe({
      schema,
      document: parse('subscription ($after: Cursor) { events(after: $after) { id } }'),
      variableValues: { after },
      contextValue: createContext(log.services, testClient),
    }) as Promise<any>;
  expect(codeOf(await listen(lost))).toBe('CURSOR_EXPIRED');
  const events = await listen(first.head);
  expect((await events.next()).value).toEqual({ data: { events: { id: 'new-0' } } });
  await events.return();
});

test('a stream from before reports the gap and continues; also when it ends there, or begins or ends at the edge', async () => {
  const { logStart } = log.services;
  const edge = await logStart();
  expect(cursorOf(edge)).toBe(first.head);
  await using listener = await log.streams.listen(2 as Position);
  expect(await listener.next()).toEqual({ kind: 'RetentionGap', from: 2, to: edge });
  const rest = await listener.take(45);
  expect(rest[0]).toMatchObject({ kind: 'EventBatch', previous: edge });
  expect(idsOf(rest)).toEqual(names('new', 45));
  await using short = await log.streams.listen(origin, { request: { until: 3 as Position } });
  expect([await short.next(), await short.next()]).toEqual([{ kind: 'RetentionGap', from: origin, to: 3 }, null]);
  await using exact = await log.streams.listen(edge, { request: { until: edge } });
  expect(await exact.next()).toBeNull();
});

test('a stream that was stalled while events were removed reports the gap and continues', async () => {
  await using listener = await log.streams.listen(null, { request: { batchSize: 30 } });
  const { cursor } = await listener.next();
  await log.streams.emit(...names('missed', 30));
  await log.advanceDays(1);
  await log.streams.emit(...names('later', 30));
  await log.advanceDays(30);
  const edge = await log.services.logStart();
  await expect.poll(() => log.streams.parts.tail.head() > edge).toBe(true);
  expect(await listener.next()).toMatchObject({ kind: 'FellBehind', cursor });
  expect(await listener.next()).toEqual({ kind: 'RetentionGap', from: cursor, to: edge });
  expect(idsOf(await listener.take(30))).toEqual(names('later', 30));
});

test('a stream does not read removed events from memory, once the tail has dropped them', async () => {
  await using listener = await log.streams.listen(null);
  const { cursor } = await listener.next();
  const edge = await log.streams.emit(...names('remembered', 5));
  await expect.poll(() => log.streams.parts.tail.head()).toBe(edge);
  await log.advanceDays(1);
  await log.advanceDays(31);
  const { tail } = log.streams.parts;
  expect(tail.bufferedAt(edge)).not.toBeNull();
  tail.prune(await log.services.logStart());
  expect(tail.bufferedAt(edge)).toBeNull();
  expect(await listener.next()).toMatchObject({ kind: 'FellBehind', cursor });
  expect(await listener.next()).toEqual({ kind: 'RetentionGap', from: cursor, to: edge });
  const head = await log.streams.emit('later');
  expect(await listener.next()).toMatchObject({ kind: 'CaughtUp', cursor: edge });
  expect(await listener.next()).toMatchObject({ kind: 'EventBatch', previous: edge, cursor: head });
});

test('a page whose events are removed while it is read is an error', async () => {
  const { parts } = log.streams;
  let removed = false;
  const removing: Database = {
    ...parts.database,
    reads: () => removing,
    async rows<Row>(statement: SQL) {
      const rows = await parts.database.rows<Row>(statement);
      if (removed || !JSON.stringify(rows).includes('"kind.made"')) return rows;
      removed = true;
      await log.advanceDays(31);
      return rows;
    },
  };
  const contextValue = createContext({ ...log.services, database: removing }, testClient);
  await log.advanceDays(1);
  await emit({ id: 'last' });
  const response = await graphql({ schema, source: page, variableValues: { order: 'LOG', after: first.head }, contextValue });
  expect([removed, codeOf(response)]).toEqual([true, 'CURSOR_EXPIRED']);
});
