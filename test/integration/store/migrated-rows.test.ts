import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { expect, test } from 'vitest';
import { readSettings, type Settings } from '../../../src/settings.ts';
import { origin } from '../../../src/event/cursor.ts';
import { fromMicros, toMicros, type Instant } from '../../../src/event/instant.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { maintainPartitions } from '../../../src/maintenance/retention.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { connectEmbedded, connectPostgres, type Database } from '../../../src/store/database/database.ts';
import { startEmbedded } from '../../../src/store/database/embedded.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { databaseClock } from '../../../src/store/retention/partitions.ts';
import { rules } from '../../support/database/aging.ts';
import { newDatabase, onPostgres } from '../../support/test-server.ts';

/** Does something with a new database that has the first migrations only. */
async function withFirst<T>(migrations: number, settings: Settings, work: (database: Database) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-migrations-'));
  cpSync(join(packageRoot, 'drizzle', 'migrations'), folder, { recursive: true });
  const journal = join(folder, 'meta', '_journal.json');
  const { entries, ...rest } = JSON.parse(readFileSync(journal, 'utf8'));
  writeFileSync(journal, JSON.stringify({ ...rest, entries: entries.slice(0, migrations) }));
  await using embedded = onPostgres ? null : await startEmbedded(settings.dataDir);
  await using database =
    embedded === null ? connectPostgres(settings.databaseUrl!, { ...settings, poolSize: 1 }) : connectEmbedded(embedded.path, settings);
  await database.withConnection((client) =>
    migrate(drizzle(client), { migrationsFolder: folder, migrationsSchema: 'tidings', migrationsTable: 'migrations' }),
  );
  rmSync(folder, { recursive: true });
  return await work(database);
}

test('a log of the version before partitions keeps its events, and retention comes to them', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings({
    ...testDatabase.environment,
    ...(onPostgres ? {} : { DATA_DIR: join(testDatabase.environment['DATA_DIR']!, 'old') }),
  });
  const draft = (id: string): any => ({
    id,
    occurred: null,
    event: 'a',
    resource: { id: 'r', labels: {} },
    related: [],
    payload: null,
    follows: null,
  });
  const head = await withFirst(3, settings, async (database) => {
    await appendEvents(database, [draft('old-1'), draft('old-2')], 'REJECT_ALL');
    return readHead(database);
  });
  await using store = await openStore(settings);
  const { database } = store;
  const kept = async (): Promise<string[]> =>
    (await readLog(database, { after: origin, head: await readHead(database), limit: 10 })).events.map(({ id }) => id);
  const look = (days: number): Promise<void> => {
    const clock = async (): Promise<Instant> =>
      fromMicros(toMicros(await databaseClock(database)()) + BigInt(days) * 86_400_000_000n) as Instant;
    return maintainPartitions({ database, clock, signal: new AbortController().signal }, rules);
  };
  expect(await readHead(database)).toBe(head);
  expect(await appendEvents(database, [draft('old-1'), draft('new')], 'REJECT_ALL')).toMatchObject([{ created: false }, { created: true }]);
  expect(await kept()).toEqual(['old-1', 'old-2', 'new']);
  await look(1);
  await appendEvents(database, [draft('later')], 'REJECT_ALL');
  expect(await kept()).toEqual(['old-1', 'old-2', 'new', 'later']);
  await look(31);
  expect(await kept()).toEqual(['later']);
  expect(await appendEvents(database, [draft('old-1')], 'REJECT_ALL')).toMatchObject([{ created: true }]);
  const [row] = await database.rows(sql`select count(*)::int as ids from tidings.event_ids`);
  expect(row).toEqual({ ids: 2 });
});
