import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import * as tables from '../../../drizzle/tables.ts';
import { readSettings } from '../../../src/settings.ts';
import { startTidings } from '../../../src/main.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { openStore, type Store } from '../../../src/store/open-store.ts';
import { newDatabase, post } from '../../support/test-server.ts';

const meta = join(import.meta.dirname, '..', '..', '..', 'drizzle', 'migrations', 'meta');
const journal: { entries: { idx: number; when: number }[] } = jsonFile('_journal.json');

describe('the tables, the migrations and the database agree', () => {
  const defined = generateDrizzleJson(tables, undefined, ['tidings']);

  test('no migration is left to generate', async () => {
    const latest = jsonFile(`${String(journal.entries.at(-1)!.idx).padStart(4, '0')}_snapshot.json`);
    expect(await generateMigration(latest, defined), 'run `npm run migration`').toEqual([]);
  });

  test('a migrated database has the columns, indexes, constraints and sequences of the tables', async () => {
    await using server = await opened();
    const migrated = await catalog(server.store.database);
    await server.store.database.rows(sql`drop schema tidings cascade`);
    for (const statement of await generateMigration(generateDrizzleJson({}), defined)) await server.store.database.rows(sql.raw(statement));
    expect(migrated).toEqual(await catalog(server.store.database));
    expect(migrated).toContain('column events.occurred timestamp(6) with time zone not null');
  });

  test('migrations come one after the other', () => {
    const made = journal.entries.map(({ when }) => when);
    expect(made).toEqual(made.toSorted((a, b) => a - b));
    expect(new Set(made).size).toBe(made.length);
  });
});

test('starting again changes nothing: what was stored is there, and its cursor is the same', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings({ ...testDatabase.environment, PORT: '0' });
  const seen: unknown[] = [];
  for (const round of [1, 2]) {
    await using tidings = await startTidings(settings);
    if (round === 1) await post(tidings.url, 'mutation { emitEvent(input: {id: "e1", event: "a", resource: {id: "r"}}) { status } }');
    const { data } = await post(tidings.url, '{ event(id: "e1") { id received cursor } head }');
    expect(data.head).toBe(data.event.cursor);
    seen.push(data);
  }
  expect(seen[1]).toEqual(seen[0]);
});

test('migrations run once, and the log keeps its one identity', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings(testDatabase.environment);
  const epochs: string[] = [];
  const kept: unknown[] = [];
  for (let round = 0; round < 2; round += 1) {
    await using store = await openStore(settings);
    epochs.push(store.epochHistory.epoch);
    expect(await store.database.rows(sql`select count(*) from tidings.migrations`)).toEqual([{ count: String(journal.entries.length) }]);
    kept.push(await store.database.rows(sql`select epoch, starts_after from tidings.log_epochs order by since`));
  }
  expect(kept[1]).toEqual(kept[0]);
  expect((kept[0] as unknown[]).at(-1)).toEqual({ epoch: epochs[0], starts_after: '0' });
  expect(epochs[1]).toBe(epochs[0]);
  expect(epochs[0]).toMatch(/^[0-9a-f]{12}$/);
});

test('another server begins one new epoch, which is the latest although its clock is behind', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings(testDatabase.environment);
  const epochs: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    await using store = await openStore(settings);
    epochs.push(store.epochHistory.epoch);
    if (round > 0) continue;
    await store.database.rows(sql`update tidings.log_epochs set database = 'another', since = clock_timestamp() + interval '1 hour'`);
  }
  expect(epochs[1]).not.toBe(epochs[0]);
  expect(epochs[2]).toBe(epochs[1]);
});

test('a program older than the database does not start, says why in plain words, and changes nothing', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings(testDatabase.environment);
  const known = Math.max(...journal.entries.map(({ when }) => when));
  {
    await using store = await openStore(settings);
    await store.database.rows(sql`insert into tidings.migrations (hash, created_at) values ('of a later version', ${known + 1})`);
  }
  // Twice: the first attempt has released the database.
  for (let round = 0; round < 2; round += 1) {
    await expect(openStore(settings)).rejects.toMatchObject({
      code: 'CANNOT_START',
      message: 'The database was migrated by a newer version of Tidings. Start that version or a later one.',
    });
  }
});

async function opened(): Promise<{ readonly store: Store } & AsyncDisposable> {
  const testDatabase = await newDatabase();
  const store = await openStore(readSettings(testDatabase.environment));
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await testDatabase[Symbol.asyncDispose]();
    },
  };
}

/**
 * The objects in the schema tidings, as the catalog describes them; without partitions, which
 * differ from log to log.
 */
async function catalog(database: Database): Promise<readonly string[]> {
  const rows = await database.rows<{ line: string }>(sql`
    with tables as (
      select c.oid, c.relname from pg_class c
      where c.relnamespace = 'tidings'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'migrations'
    )
    select concat('column ', t.relname, '.', a.attname, ' ', format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' end, ' ' || a.attidentity::text, a.attgenerated, ' default ' || pg_get_expr(d.adbin, d.adrelid)) as line
    from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
    union all
    select replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') from tables t join pg_index i on i.indrelid = t.oid
    union all
    select concat('constraint ', t.relname, ' ', c.conname, ' ', pg_get_constraintdef(c.oid)) from tables t join pg_constraint c on c.conrelid = t.oid
    union all
    select concat_ws(' ', 'sequence', sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, cache_size)
    from pg_sequences where schemaname = 'tidings' and sequencename <> 'migrations_id_seq'
    order by 1`);
  return rows.map(({ line }) => line.trimEnd());
}

function jsonFile(name: string): any {
  return JSON.parse(readFileSync(join(meta, name), 'utf8'));
}
