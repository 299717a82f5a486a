import { randomBytes } from 'node:crypto';
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { allParts } from '../../../src/event/event.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { pruningPredicateOf } from '../../../src/skip-index/prune-filter.ts';
import { databaseClock } from '../../../src/store/database/clock.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { readPagesByBlockScan } from '../../../src/store/queries/block-scan.ts';
import { defaultSearchLimits } from '../../../src/store/queries/index-search.ts';
import { scanFirstEvents } from '../../../src/store/queries/ordered-scan.ts';
import { everyEvent, type PageBound, type PageRequest } from '../../../src/store/queries/page-request.ts';
import { readPartitions } from '../../../src/store/retention/partitions.ts';
import { pruneRemovedPartition, removePartition } from '../../../src/store/retention/remove-partition.ts';
import { logOf } from '../../support/oracles/random-log.ts';
import { indexEvents } from '../../support/skip-index.ts';

const timeOf = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();

test('the first events are tested up to a number of them, or of bytes, and a page that is not full then is unknown', async () => {
  // Stored, 0.2 MB each: random text does not compress.
  const large = (n: number): object => ({ text: n < 20 ? '' : randomBytes(150_000).toString('base64') });
  const names = Array.from({ length: 80 }, (_, n) => (n % 10 === 0 ? 'tenth' : 'other'));
  await using log = await logOf(names.map((event, n) => ({ event, resource: { id: 'r' }, payload: large(n), occurred: timeOf(n) })));
  const { database, settings, head } = log;
  const filter = parseFilter({ event: { in: ['tenth'] } }, ['filter'], settings);
  const scan = async (order: 'NEWEST_FIRST' | 'OLDEST_FIRST' | 'LOG', limit: number, max: number) => {
    const request = { filter, order, head, limit, backward: false } as const;
    const { rows, areAll } = await scanFirstEvents(database, request, { parts: allParts, resource: null, later: null, max });
    return areAll ? rows.map(({ id }) => id) : 'unknown';
  };
  expect(await scan('OLDEST_FIRST', 1, 12)).toEqual(['e0', 'e10']);
  expect(await scan('LOG', 1, 11)).toBe('unknown');
  expect(await scan('LOG', 1, 12)).toEqual(['e0', 'e10']);
  expect(await scan('NEWEST_FIRST', 1, 100)).toEqual(['e70', 'e60']);
  // Some forty of these are 8 MB.
  expect(await scan('NEWEST_FIRST', 7, 1000)).toBe('unknown');
  expect(await scan('OLDEST_FIRST', 20, 1000)).toBe('unknown');
});

test('all events are found where fewer than the most are in the order', async () => {
  await using log = await logOf(
    Array.from({ length: 20 }, (_, n) => ({ event: n < 3 ? 'a' : 'b', resource: { id: 'r' }, occurred: timeOf(n) })),
  );
  const { database, settings, head } = log;
  const filter = parseFilter({ event: { in: ['a'] } }, ['filter'], settings);
  const request = { filter, order: 'NEWEST_FIRST', head, limit: 5, backward: false } as const;
  const { rows, areAll } = await scanFirstEvents(database, request, { parts: allParts, resource: null, later: null, max: 21 });
  expect([rows.map(({ id }) => id), areAll]).toEqual([['e2', 'e1', 'e0'], true]);
  const atMost = await scanFirstEvents(database, request, { parts: allParts, resource: null, later: null, max: 20 });
  expect(atMost).toEqual({ rows: [], areAll: false });
});

test('a prefix of one known id finds later events of it and of others, each once', async () => {
  const idOf = (n: number): string => (n < 30 ? (n % 10 === 0 ? 'job.one' : 'other') : n === 30 ? 'job.one' : n < 33 ? 'job.two' : 'other');
  await using log = await logOf(
    Array.from({ length: 40 }, (_, n) => ({ event: 'e', resource: { id: idOf(n) }, occurred: timeOf(n === 31 ? 15 : n) })),
  );
  const { database, settings, events, head } = log;
  await indexEvents(database, events.slice(0, 30), { block: 3, rowGroup: 15 });
  const filter = parseFilter({ resource: { id: { startsWith: ['job.'] } } }, ['filter'], settings);
  const statements: string[] = [];
  const counted: Database = {
    ...database,
    rows: (statement, planMode) => {
      statements.push(new PgDialect().sqlToQuery(statement as SQL).sql);
      return database.rows(statement, planMode);
    },
  };
  const read = async (limit: number, resourceEvents: number, bounds: Pick<PageRequest, 'after' | 'before'> = {}) => {
    const request = { filter, order: 'NEWEST_FIRST', head, limit, backward: false, ...bounds } as const;
    const scan = { ...everyEvent, predicate: pruningPredicateOf(filter), parts: allParts };
    const [rows = []] = await readPagesByBlockScan(counted, request, { ...scan, limits: { ...defaultSearchLimits, resourceEvents } });
    return rows.map(({ id }) => id);
  };
  expect(await read(10, 1000)).toEqual(['e32', 'e30', 'e20', 'e31', 'e10', 'e0']);
  // The ids, and the page.
  expect(statements.filter((text) => text.includes('tidings.events e'))).toHaveLength(1);
  expect(await read(1, 1000)).toEqual(['e32', 'e30']);
  const [after, before] = [32, 15].map((n) => ({ position: events[n]!.position, occurred: events[n]!.occurred })) as [PageBound, PageBound];
  expect(await read(10, 1000, { after, before })).toEqual(['e30', 'e20', 'e31']);
  // Two of the known resource are not enough to know the third.
  expect(await read(10, 2)).toEqual(['e32', 'e30', 'e20', 'e31', 'e10', 'e0']);
});

test('a search goes on where retention has dropped a partition meanwhile', async () => {
  const nameOf = (n: number): string => (n < 50 ? 'first' : n < 100 ? 'second' : 'third');
  await using log = await logOf(
    Array.from({ length: 150 }, (_, n) => ({ event: nameOf(n), resource: { id: 'r' }, occurred: timeOf(n) })),
    [],
    3,
  );
  const { database, settings, events, head } = log;
  await indexEvents(database, events, { block: 5, rowGroup: 50 });
  const clock = databaseClock(database);
  let dropped = 0;
  const remove = async (): Promise<void> => {
    const [oldest] = await readPartitions(database, clock);
    await removePartition(database, oldest!.first, { at: await clock(), lockTimeoutMs: 10_000 });
    while (await pruneRemovedPartition(database, oldest!.first));
    dropped += 1;
  };
  const dialect = new PgDialect();
  const racing: Database = {
    ...database,
    async rows<Row>(statement: SQL, ...mode: []) {
      if (dropped === 0 && dialect.sqlToQuery(statement).sql.includes('from tidings.events_0 e')) await remove();
      return database.rows<Row>(statement, ...mode);
    },
  };
  const filter = parseFilter({ event: { in: ['first', 'second'] } }, ['filter'], settings);
  const request = { filter, order: 'NEWEST_FIRST', head, limit: 1000, backward: false } as const;
  const limits = { ...defaultSearchLimits, candidates: 3, firstEvents: 10 };
  const search = { ...everyEvent, predicate: pruningPredicateOf(filter), parts: allParts, limits };
  const [rows] = await readPagesByBlockScan(racing, request, search);
  expect(rows!.map(({ event }) => event)).toEqual(Array.from({ length: 50 }, () => 'second'));
  expect(dropped).toBe(1);
});
