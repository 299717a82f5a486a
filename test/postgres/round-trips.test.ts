import { sql, type SQL } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSettings } from '../../src/settings.ts';
import type { PlanMode } from '../../src/store/database/database.ts';
import { openStore } from '../../src/store/open-store.ts';
import { startDatabaseProxy } from '../support/database/database-proxy.ts';
import { newDatabase } from '../support/test-server.ts';

const testDatabase = await newDatabase();
const proxy = await startDatabaseProxy(testDatabase.environment['DATABASE_URL']!);
const { database, ...store } = await openStore(readSettings({ ...testDatabase.environment, DATABASE_URL: proxy.url }));

beforeAll(async () => void (await database.rows(sql`select 1`))); // opens a connection
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await testDatabase[Symbol.asyncDispose]();
});

const withParameters = sql`select ${'a'}::text || ${1}::int as joined, ${null}::bigint as nothing`;
const failing = sql`select 1 / ${0}::int`;
const malformed = sql`select ${'no number'}::int`;

async function roundTripsOf(statement: SQL, planMode?: PlanMode): Promise<number> {
  const before = proxy.roundTrips();
  await database.rows(statement, planMode).catch(() => undefined);
  return proxy.roundTrips() - before;
}

test.each(Object.entries({ 'without parameters': sql`select 1`, 'with parameters': withParameters, failing, malformed }))(
  'a statement %s takes one round trip, and so does the next one',
  async (_name, statement) => {
    expect(await roundTripsOf(statement)).toBe(1);
    expect(await roundTripsOf(withParameters)).toBe(1);
  },
);

test('a prepared statement takes one round trip from its second execution on', async () => {
  expect(await roundTripsOf(withParameters, 'prepared')).toBe(2);
  expect(await roundTripsOf(withParameters, 'prepared')).toBe(1);
});

test('two statements sent together take one round trip', async () => {
  const first = { statement: sql`select 1 as one`, onRows: () => undefined };
  for (const expected of [2, 1]) {
    const before = proxy.roundTrips();
    expect(await database.rowsAfter(first, withParameters)).toEqual([{ joined: 'a1', nothing: null }]);
    expect(proxy.roundTrips() - before).toBeLessThanOrEqual(expected);
  }
});
