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

test('two statements in turn take one round trip from their second execution on, and the second sees what the first has committed', async () => {
  await database.rows(sql`create table turns (n int, xid xid8 default pg_current_xact_id())`);
  const insert = (n: number): SQL => sql`insert into turns (n) values (${n}) returning xid::text`;
  const seen = sql`select count(*)::int as count, min(pg_xact_status(xid)) as status, (select pg_current_xact_id()::text) as xid from turns`;
  for (const n of [1, 2, 3]) {
    const before = proxy.roundTrips();
    const { first, second } = await database.rowsInTurn<{ xid: string }, { xid: string }>(insert(n), seen);
    if (n > 1) expect(proxy.roundTrips() - before).toBe(1);
    expect(second).toEqual([{ count: n, status: 'committed', xid: expect.any(String) }]);
    expect(second?.[0]?.xid).not.toBe(first[0]?.xid);
  }
});

test('of two statements in turn, an error of the first is thrown, and one of the second leaves the first as it is', async () => {
  await expect(database.rowsInTurn(failing, sql`select 1 as one`)).rejects.toMatchObject({ code: '22012' });
  const halfFailed = await database.rowsInTurn(sql`select 1 as one`, failing);
  expect(halfFailed).toEqual({ first: [{ one: 1 }], second: null });
  expect(await database.rows(sql`select 2 as two`)).toEqual([{ two: 2 }]);
});
