import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { readSettings } from '../../src/settings.ts';
import { appendRows, type DraftRow } from '../../src/store/log/append.ts';
import { createHeadReader } from '../../src/store/log/log-head.ts';
import type { WriterLock } from '../../src/store/log/writer-locks.ts';
import { openStore } from '../../src/store/open-store.ts';
import { newDatabase } from '../support/test-server.ts';

test('a program that holds the lock of a writer empties no log: the head stays, it is reported, and readiness fails', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const { database } = store;
  const reported: (readonly WriterLock[])[] = [];
  const heads = createHeadReader(database, { maxWaitMs: 100, onStuck: (locks) => reported.push(locks) });
  const append = async (id: string) => {
    const row = JSON.stringify({ id, event: 'e', resource_id: 'r', resource_labels: {}, related: [] }) as DraftRow;
    const appended = await appendRows(database, [row], 'REJECT_ALL');
    return heads.headFrom('conflicts' in appended ? (0 as never) : appended[0]!.position);
  };
  const before = await append('one');
  await heads.checkProgress();

  const foreign = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1, connection: { application_name: 'foreign' } });
  await foreign`select pg_advisory_lock(tidings.writer_lock(0))`;
  expect(await database.rows(sql`select tidings.log_head() as head`)).toEqual([{ head: '0' }]);
  expect(await heads.head()).toBe(before);
  const stuck = { code: 'UNAVAILABLE', message: expect.stringMatching('an earlier transaction') };
  await expect(append('two')).rejects.toMatchObject(stuck);
  await expect(append('three')).rejects.toMatchObject(stuck);
  expect(reported).toEqual([[{ pid: expect.any(Number), user: 'tidings', application: 'foreign', since: null }]]);
  await expect(heads.checkProgress()).rejects.toMatchObject(stuck);

  await foreign.end();
  await expect
    .poll(() =>
      heads.checkProgress().then(
        () => 'ready',
        () => 'not ready',
      ),
    )
    .toBe('ready');
  expect(await append('two')).toBeGreaterThan(before);
});
