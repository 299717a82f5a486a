import { sql } from 'drizzle-orm';
import { graphql } from 'graphql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testClient } from '../../support/client.ts';
import { createContext, schema } from '../../../schema/index.ts';
import { origin } from '../../../src/event/cursor.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { pruneRemovedPartition, removePartition } from '../../../src/store/retention/remove-partition.ts';
import { startAging, type Aging } from '../../support/database/aging.ts';
import { indexEvents } from '../../support/skip-index.ts';

let log: Aging;
beforeEach(async () => {
  log = await startAging();
});
afterEach(() => log[Symbol.asyncDispose]());

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
const emit = async (...events: readonly object[]): Promise<any> =>
  (
    await log.data(
      `mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created duplicates head results { status event { cursor } } } }`,
      { input: events.map((event) => ({ event: 'kind.made', resource: { id: 'r' }, ...event })) },
    )
  ).emitEvents;
const kept = async (): Promise<string[]> =>
  (await log.data('{ events(order: LOG, first: 1000) { nodes { id } } }')).events.nodes.map(({ id }: any) => id);

/** The number of rows about events, by table; and the tables of partitions. */
async function stored(): Promise<Record<string, number> & { tables: any }> {
  const [row] = await log.services.database.rows<any>(sql`
    select
      (select count(*)::int from tidings.events) as events, (select count(*)::int from tidings.event_ids) as ids,
      (select count(*)::int from tidings.digests) as summaries, (select count(*)::int from tidings.digest_chapters) as groups,
      (select count(distinct chapter)::int from tidings.chapter_columns) as columns,
      (select json_agg(relname order by oid) from pg_class where relnamespace = 'tidings'::regnamespace and relname ~ '^events_\\d+$') as tables`);
  return row;
}

/** Indexes the events that are not indexed yet. */
async function indexAll(): Promise<void> {
  const { database, heads } = log.services;
  const { events } = await readLog(database, { after: origin, head: await heads.head(), limit: 10_000 });
  await indexEvents(database, events, { block: 8, rowGroup: 16 });
}

test('events past retention are removed entirely, later ones stay, and the space is freed', async () => {
  await emit(...names('old', 32).map((id) => ({ id, resource: { id: 'old.thing' }, related: [{ id: 'old.owner', role: 'owner' }] })));
  await indexAll();
  await log.advanceDays(1);
  const { head } = await emit(...names('new', 32).map((id) => ({ id })));
  await indexAll();
  expect(await stored()).toMatchObject({ events: 64, ids: 64, summaries: 8, groups: 4, columns: 4 });
  await log.advanceDays(29);
  expect(await kept()).toEqual([...names('old', 32), ...names('new', 32)]);
  const before = await stored();
  await log.advanceDays(1);
  expect(await kept()).toEqual(names('new', 32));
  const after = await stored();
  expect(after).toMatchObject({ events: 32, ids: 32, summaries: 4, groups: 2, columns: 2 });
  expect(after.tables).not.toContain('events_0');
  expect(after.tables.length).toBe(before.tables.length - 1);
  const found = await log.data(`{
    event(id: "old-3") { id } kept: event(id: "new-3") { id } thing: resource(id: "old.thing") { id } owner: resource(id: "old.owner") { id }
    byId: events(filter: {id: ["old-1", "new-1"]}) { nodes { id } }
    byResource: events(filter: {resource: {id: {in: ["old.thing"]}}}) { nodes { id } totalCount { count } }
    every: events { totalCount { count } } head }`);
  expect(found).toEqual({
    event: null,
    kept: { id: 'new-3' },
    thing: null,
    owner: null,
    byId: { nodes: [{ id: 'new-1' }] },
    byResource: { nodes: [], totalCount: { count: 0 } },
    every: { totalCount: { count: 32 } },
    head,
  });
});

test('a log whose events were all removed keeps its head, and continues from it', async () => {
  const { head } = await emit({ id: 'a' }, { id: 'b' });
  await log.advanceDays(1);
  await log.advanceDays(31);
  expect(await log.data('{ head events { nodes { id } head } event(id: "a") { id } }')).toEqual({
    head,
    events: { nodes: [], head },
    event: null,
  });
  expect(await stored()).toMatchObject({ events: 0, ids: 0 });
  await using listener = await log.streams.listen(null);
  expect(await listener.next()).toMatchObject({ kind: 'CaughtUp' });
  const next = await emit({ id: 'c' });
  expect(next.head > head).toBe(true);
  expect(
    (await log.data('query ($after: Cursor) { events(order: LOG, after: $after) { nodes { id } } }', { after: head })).events.nodes,
  ).toEqual([{ id: 'c' }]);
});

test('indexing continues behind removed events, whether or not those were indexed', async () => {
  await emit(...names('old', 40).map((id) => ({ id })));
  await log.advanceDays(1);
  const { database, heads } = log.services;
  const { events: seen } = await readLog(database, { after: origin, head: await heads.head(), limit: 32 });
  await emit(...names('new', 40).map((id) => ({ id })));
  const { events: across } = await readLog(database, { after: seen.at(-1)!.position, head: await heads.head(), limit: 16 });
  await log.advanceDays(30);
  // Built from events that were removed meanwhile: not stored, since row groups now begin
  // elsewhere.
  await indexEvents(database, seen, { block: 8, rowGroup: 32 });
  await indexEvents(database, across, { block: 8, rowGroup: 16 });
  expect(await stored()).toMatchObject({ summaries: 0, groups: 0 });
  await indexAll();
  expect(await stored()).toMatchObject({ summaries: 5, groups: 3 });
  const { events } = await log.data('{ events(filter: {event: {startsWith: ["kind."]}}) { nodes { id } totalCount { count } } }');
  expect(events).toEqual({
    nodes: names('new', 40)
      .toReversed()
      .map((id) => ({ id })),
    totalCount: { count: 40 },
  });
});

test('an id is in use while its event is kept, and free once that is removed, before and after the id is deleted', async () => {
  const one = { id: 'e1', occurred: '2026-01-01T00:00:00Z' };
  await emit(one, { id: 'e2' }, { id: 'e3' });
  await log.advanceDays(1);
  await emit({ id: 'kept' });
  const { database } = log.services;
  const [partition] = await log.partitions();
  await removePartition(database, partition!.first, { at: await log.clock(), lockTimeoutMs: 1000 });
  expect(await log.data('{ a: event(id: "e1") { id } b: event(id: "kept") { id } }')).toEqual({ a: null, b: { id: 'kept' } });
  const statuses = async (...events: object[]): Promise<string[]> => (await emit(...events)).results.map(({ status }: any) => status);
  // Other content, twice in one batch.
  const other = { ...one, event: 'kind.other' };
  expect(await statuses(other, { id: 'kept' }, other)).toEqual(['CREATED', 'DUPLICATE', 'DUPLICATE']);
  while (await pruneRemovedPartition(database, partition!.first));
  expect(await statuses(other, { id: 'e2' }, { id: 'e2' }, { id: 'kept' })).toEqual(['DUPLICATE', 'CREATED', 'DUPLICATE', 'DUPLICATE']);
  expect(await kept()).toEqual(['kept', 'e1', 'e2']);
  expect(await stored()).toMatchObject({ ids: 3 });
});

test('retention counts from the time of receipt, whenever an event occurred', async () => {
  const wild = ['0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z'];
  const batch = (prefix: string): object[] => wild.map((occurred, index) => ({ id: `${prefix}-${index}`, occurred }));
  await emit(...batch('old'));
  await indexAll();
  await log.advanceDays(1);
  await emit(...batch('new'));
  await log.advanceDays(29);
  expect(await kept()).toHaveLength(8);
  await log.advanceDays(1);
  expect(await kept()).toEqual(names('new', 4));
  const byTime = async (order: string): Promise<string[]> =>
    (await log.data('query ($order: EventOrder) { events(order: $order) { nodes { id } } }', { order })).events.nodes.map(
      ({ id }: any) => id,
    );
  expect(await byTime('OLDEST_FIRST')).toEqual(names('new', 4));
  expect(await byTime('NEWEST_FIRST')).toEqual(names('new', 4).toReversed());
  await log.advanceDays(30);
  expect(await stored()).toMatchObject({ events: 0, ids: 0, summaries: 0, groups: 0 });
});

test('the service reports how long events are kept', async () => {
  expect((await log.data('{ service { retentionDays } }')).service.retentionDays).toBe(30);
  const limits = { ...log.services.limits, retentionDays: 0 };
  const contextValue = createContext({ ...log.services, limits }, testClient);
  expect((await graphql({ schema, source: '{ service { retentionDays } }', contextValue })).data).toEqual({
    service: { retentionDays: null },
  });
});

test('without retention all events are kept, and partitions never run out', async () => {
  const forever = { keepMs: null, partitionMs: null, minPartitionPositions: 100 };
  await log.advanceDays(0, forever);
  // As if the first partition were nearly full.
  await log.services.database.rows(sql`select setval('tidings.event_position', 16777215 - 30)`);
  for (let round = 0; round < 8; round += 1) {
    await emit(...names(`e${round}`, 90).map((id) => ({ id })));
    await log.advanceDays(1000, forever);
  }
  expect(await kept()).toHaveLength(720);
  const partitions = await log.partitions();
  expect(partitions.filter(({ opened }) => opened === null)).toHaveLength(2);
  expect(partitions.filter(({ removed }) => removed !== null)).toEqual([]);
  // A log that fills its partitions gets larger ones.
  expect(partitions.at(-1)!.endPosition - partitions.at(-1)!.first).toBeGreaterThan(100);
});

test('no next partition begins while the current one has no events', async () => {
  for (let round = 0; round < 5; round += 1) await log.advanceDays(40);
  expect(await log.partitions()).toHaveLength(3);
  await emit({ id: 'a' });
  await log.advanceDays(0);
  await log.advanceDays(40);
  await log.advanceDays(40);
  expect(await kept()).toEqual([]);
  expect(await log.partitions()).toHaveLength(3);
});

test('the next check finishes a removal, wherever it was interrupted', async () => {
  await emit(...names('old', 40).map((id) => ({ id })));
  await indexAll();
  await log.advanceDays(1);
  await emit({ id: 'new' });
  const { database } = log.services;
  const [partition] = await log.partitions();
  await removePartition(database, partition!.first, { at: await log.clock(), lockTimeoutMs: 1000 });
  await pruneRemovedPartition(database, partition!.first);
  expect(await stored()).toMatchObject({ events: 1, ids: 41, tables: expect.arrayContaining(['events_0']) });
  // Also a process that keeps all events from now on.
  await log.advanceDays(0, { keepMs: null, partitionMs: null });
  const after = await stored();
  expect(after).toMatchObject({ events: 1, ids: 1, summaries: 0, groups: 0 });
  expect(after.tables).not.toContain('events_0');
  expect(await log.services.logStart()).toBe(40);
});
