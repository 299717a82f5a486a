import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { newDatabase } from '../../support/test-server.ts';

const starters = 20;

test('twenty processes that start at once on a new database all succeed, on one log', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings({ ...testDatabase.environment, TIDINGS_POOL_SIZE: '2' });
  const stores = await Promise.all(Array.from({ length: starters }, () => openStore(settings)));
  try {
    const [first] = stores;
    expect(stores.map(({ epochHistory }) => epochHistory.epoch)).toEqual(Array.from({ length: starters }, () => first!.epochHistory.epoch));
    for (const { database } of stores) {
      const [row] = await database.rows<Readonly<Record<string, string>>>(sql`
        select (select count(*) from tidings.log_epochs) as epochs, count(*) as migrations, count(distinct hash) as kinds from tidings.migrations`);
      expect(row).toEqual({ epochs: '1', migrations: row!['kinds'], kinds: expect.stringMatching(/^[1-9]/) });
    }
  } finally {
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
  }
});

test('a starting process waits for one that is migrating, and both release the lock', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings(testDatabase.environment);
  await using first = await openStore(settings);
  // The lock of src/store/migrate.ts, as another process would hold it.
  const opening = await first.database.withConnection(async (migrating) => {
    await migrating`select pg_advisory_lock(${migrationLock}::bigint)`;
    const started = openStore(settings);
    await expect.poll(() => locks(first.database)).toEqual([false, true]);
    await migrating`select pg_advisory_unlock(${migrationLock}::bigint)`;
    return { started };
  });
  await using second = await opening.started;
  expect(second.epochHistory.epoch).toBe(first.epochHistory.epoch);
  expect(await locks(first.database)).toEqual([]);
});

/** The advisory locks requested in this database: whether each was granted. */
async function locks(database: Database): Promise<readonly boolean[]> {
  const rows = await database.rows<{ granted: boolean }>(sql`
    select granted from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    order by granted`);
  return rows.map(({ granted }) => granted);
}

/** "tidings" in ASCII. */
const migrationLock = String(0x746964696e6773n);
