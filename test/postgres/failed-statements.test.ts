import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { readSettings } from '../../src/settings.ts';
import { TidingsError } from '../../src/errors.ts';
import { openStore } from '../../src/store/open-store.ts';
import { newDatabase } from '../support/test-server.ts';

const reported: string[] = [];
const testDatabase = await newDatabase();
const { database, ...store } = await openStore({
  ...readSettings({ ...testDatabase.environment, TIDINGS_STATEMENT_TIMEOUT_MS: '200' }),
  onFailure: (kind) => reported.push(kind),
});

beforeEach(() => void reported.splice(0));
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await testDatabase[Symbol.asyncDispose]();
});

test('a statement that takes too long exceeds a limit', async () => {
  await expect(database.rows(sql`select pg_sleep(5)`)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  expect(reported).toEqual(['timeout']);
});

test('a statement whose connection is ended finds the database unreachable, and the next one works', async () => {
  await expect(database.rows(sql`select pg_terminate_backend(pg_backend_pid())`)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(reported).toEqual(['unreachable']);
  expect(await database.rows(sql`select 1 as one`)).toEqual([{ one: 1 }]);
  expect(reported).toEqual(['unreachable']);
});

test('any other failure is the error of the database, without the parameters of the statement', async () => {
  const failure = await database.rows(sql`select ${'secret'}::text || (1 / 0)`).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(TidingsError);
  expect(failure).toMatchObject({ code: '22012' });
  expect(JSON.stringify([failure, (failure as Error).message, (failure as Error).stack])).not.toContain('secret');
  expect(reported).toEqual(['other']);
});

test('an error that the caller throws is no failure of a statement', async () => {
  const thrown = new TidingsError('UNAVAILABLE', 'thrown by the caller');
  await expect(database.withConnection(async () => Promise.reject(thrown))).rejects.toBe(thrown);
  expect(reported).toEqual([]);
});
