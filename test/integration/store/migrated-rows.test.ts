import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { expect, test } from 'vitest';
import { readSettings, type Settings } from '../../../src/settings.ts';
import { origin } from '../../../src/event/cursor.ts';
import type { EventDraft } from '../../../src/event/event.ts';
import { fromMicros, toMicros, type Instant } from '../../../src/event/instant.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { maintainPartitions } from '../../../src/maintenance/retention.ts';
import { readKeys, readKeysVersion } from '../../../src/store/api-keys.ts';
import { appendEvents, rowOf } from '../../../src/store/log/append.ts';
import { connectEmbedded, connectPostgres, type Database } from '../../../src/store/database/database.ts';
import { startEmbedded } from '../../../src/store/database/embedded.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { readRejected, storeRejected } from '../../../src/store/rejected-events.ts';
import { createLogStartReader } from '../../../src/store/log/log-start.ts';
import { databaseClock } from '../../../src/store/database/clock.ts';
import { readPartitions } from '../../../src/store/retention/partitions.ts';
import { rules } from '../../support/database/aging.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { newDatabase, onPostgres } from '../../support/test-server.ts';

/** A database of its own, which on the embedded one is not a copy of the migrated template. */
async function emptyDatabase(): Promise<{ readonly settings: Settings } & AsyncDisposable> {
  const testDatabase = await newDatabase();
  const settings = readSettings({
    ...testDatabase.environment,
    ...(onPostgres ? {} : { DATA_DIR: join(testDatabase.environment['DATA_DIR']!, 'old') }),
  });
  return { settings, [Symbol.asyncDispose]: () => testDatabase[Symbol.asyncDispose]() };
}

/** Runs `work` on a new database that has only the first `count` migrations. */
async function withMigrations<T>(count: number, settings: Settings, work: (database: Database) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-migrations-'));
  cpSync(join(packageRoot, 'drizzle', 'migrations'), folder, { recursive: true });
  const journal = join(folder, 'meta', '_journal.json');
  const { entries, ...rest } = JSON.parse(readFileSync(journal, 'utf8'));
  writeFileSync(journal, JSON.stringify({ ...rest, entries: entries.slice(0, count) }));
  await using embedded = onPostgres ? null : await startEmbedded(settings.dataDir, console);
  await using database =
    embedded === null ? connectPostgres(settings.databaseUrl!, { ...settings, poolSize: 1 }) : connectEmbedded(embedded, settings);
  await database.withConnection((client) =>
    migrate(drizzle(client), { migrationsFolder: folder, migrationsSchema: 'tidings', migrationsTable: 'migrations' }),
  );
  rmSync(folder, { recursive: true });
  return await work(database);
}

const draft = (id: string, resource = 'r'): any => ({
  id,
  occurred: null,
  event: 'a',
  resource: { id: resource, labels: {} },
  related: [],
  payload: null,
  follows: null,
});

/** Maintains the partitions as if it were so many days later. */
async function maintainAfter(days: number, database: Database): Promise<void> {
  const clock = async (): Promise<Instant> =>
    fromMicros(toMicros(await databaseClock(database)()) + BigInt(days) * 86_400_000_000n) as Instant;
  await maintainPartitions({ database, clock, signal: new AbortController().signal }, rules);
}

/** Appends as programs before this version do. */
async function appendBefore(database: Database, ...drafts: readonly EventDraft[]): Promise<void> {
  const batch = `[${drafts.map((each) => rowOf(each, 'ANYTHING')).join(',')}]`;
  await database.rows(sql`select from tidings.append_events(${batch}::text::jsonb, true)`);
}

async function readIds(database: Database): Promise<string[]> {
  const { events } = await readLog(database, { after: origin, head: await readHead(database), limit: 10 });
  return events.map(({ id }) => id);
}

async function count(database: Database, table: string): Promise<number> {
  const [row] = await database.rows<{ count: number }>(sql`select count(*)::int as count from ${sql.raw(`tidings.${table}`)}`);
  return row!.count;
}

test('a log of the version before partitions keeps its events, and retention comes to them', async () => {
  await using empty = await emptyDatabase();
  const { settings } = empty;
  const head = await withMigrations(3, settings, async (database) => {
    await appendBefore(database, draft('old-1'), draft('old-2'));
    return readHead(database);
  });
  await using store = await openStore(settings);
  const { database } = store;
  expect(await readHead(database)).toBe(head);
  expect(await appendEvents(database, [draft('old-1'), draft('new')], 'REJECT_ALL')).toMatchObject([{ created: false }, { created: true }]);
  expect(await readIds(database)).toEqual(['old-1', 'old-2', 'new']);
  await maintainAfter(1, database);
  await appendEvents(database, [draft('later')], 'REJECT_ALL');
  expect(await readIds(database)).toEqual(['old-1', 'old-2', 'new', 'later']);
  await maintainAfter(31, database);
  expect(await readIds(database)).toEqual(['later']);
  expect(await appendEvents(database, [draft('old-1')], 'REJECT_ALL')).toMatchObject([{ created: true }]);
  expect(await count(database, 'event_ids')).toBe(2);
});

test('a database of the version before the renamed columns keeps its keys, rejected events and removed partitions', async () => {
  await using empty = await emptyDatabase();
  const { settings } = empty;
  const removedTo = await withMigrations(13, settings, async (database) => {
    await database.rows(sql`
      insert into tidings.api_keys (id, name, hash, may, created)
      values ('key-1', 'Reader', '\\x0102', '{QUERY,EMIT}', '2026-01-01Z')`);
    await database.rows(sql`
      insert into tidings.rejected_events (received, door, key_id, reason, raw, bytes)
      values ('2026-01-01Z', 'prefect', 'key-1', 'not JSON', '\\x7b', 1), ('2026-01-02Z', 'cloudevents', null, 'no id', '\\x7d', 1)`);
    await appendBefore(database, draft('removed-1', 'gone'), draft('removed-2', 'gone'));
    await database.rows(sql`insert into tidings.resources (id, mentioned) values ('gone', 1)`);
    const last = await readHead(database);
    await database.rows(sql`select tidings.add_partition(16777216, 5000, 1000)`);
    await database.rows(sql`select tidings.begin_next_partition(0, 1000)`);
    await appendBefore(database, draft('kept'));
    await database.rows(sql`update tidings.partitions set closed = opened where first = 0`);
    await database.rows(sql`select tidings.remove_partition(0, clock_timestamp(), 1000)`);
    return last;
  });
  await using store = await openStore(settings);
  const { database } = store;

  expect(await readKeys(database)).toMatchObject([
    { id: 'key-1', name: 'Reader', hash: Buffer.from([1, 2]), permissions: ['QUERY', 'EMIT'], filter: null, revoked: null },
  ]);
  expect(await readKeysVersion(database)).toBe('1:0');
  await storeRejected(database, [{ protocol: 'prefect', keyId: null, reason: 'later', raw: Buffer.from('x'), bytes: 1 }]);
  expect(await readRejected(database, null, 10)).toMatchObject([
    { position: 3, protocol: 'prefect', reason: 'later' },
    { position: 2, protocol: 'cloudevents', keyId: null, raw: Buffer.from('}') },
    { position: 1, protocol: 'prefect', keyId: 'key-1', raw: Buffer.from('{') },
  ]);

  expect(removedTo).toBe(2);
  expect(await createLogStartReader(database)()).toBe(removedTo);
  expect(await readPartitions(database, databaseClock(database))).toMatchObject([
    { first: 0, endPosition: 16_777_216, last: 2, removed: expect.any(String) },
    { first: 16_777_216, endPosition: 16_782_216, last: null, closed: null, removed: null },
  ]);
  // The id of a removed event is free before and after the partition is cleared.
  expect(await appendEvents(database, [draft('removed-1', 'r')], 'REJECT_ALL')).toMatchObject([{ created: true }]);
  expect(await count(database, 'event_ids')).toBe(3);
  await maintainAfter(0, database);
  expect(await count(database, 'event_ids')).toBe(2);
  expect(await count(database, 'resources')).toBe(0);
  expect((await readPartitions(database, databaseClock(database))).map(({ first }) => first)).toEqual([16_777_216, 16_782_216, 16_787_216]);

  const { events } = await readLog(database, { after: origin, head: await readHead(database), limit: 10 });
  expect(events.map(({ id }) => id)).toEqual(['kept', 'removed-1']);
  await indexEvents(database, events, { block: 1, rowGroup: 2 });
  expect(await database.rows(sql`select id, mentioned::int from tidings.resources`)).toEqual([{ id: 'r', mentioned: events[1]!.position }]);
  await maintainAfter(1, database);
  await appendEvents(database, [draft('last')], 'REJECT_ALL');
  await maintainAfter(31, database);
  expect(await readIds(database)).toEqual(['last']);
  expect(await createLogStartReader(database)()).toBe(events[1]!.position);
});
