import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { startContentIndexBuilder } from '../../src/maintenance/content-index-builder.ts';
import { parseFilter } from '../../src/filter/parse/parse-filter.ts';
import { readSettings } from '../../src/settings.ts';
import { unbounded } from '../../src/store/database/read-budget.ts';
import { migrationsFolder } from '../../src/store/database/schema-version.ts';
import { readHead } from '../../src/store/log/log-head.ts';
import { openStore } from '../../src/store/open-store.ts';
import { readPages } from '../../src/store/queries/pages.ts';
import { isContentIndexComplete } from '../../src/store/skip-index/content-index.ts';
import { newDatabase } from '../support/test-server.ts';

const events = 25_000;

test('a large partition of an earlier version is searched at once, and gets the index while events are read', async () => {
  await using testDatabase = await newDatabase();
  const client = postgres(testDatabase.environment['DATABASE_URL']!, { max: 1, onnotice: () => undefined });
  await migrateTo(client, '0020_decided_appends');
  await client`
    insert into tidings.events (position, received, occurred, id, event, resource_id, resource_labels, related, payload)
    select n, now(), now(), 'e' || n, case when n % 5000 = 7 then 'rare' else 'common' end, 'r' || n % 10,
      jsonb_build_object('zone', n % 3), '[]', jsonb_build_object('n', n)
    from generate_series(1, ${events}::int) as n`;
  await client`insert into tidings.event_ids (key, position) select tidings.event_key(id), position from tidings.events`;
  await client`select setval('tidings.event_position', ${events})`;

  const settings = readSettings(testDatabase.environment);
  await using store = await openStore(settings);
  const { database, connectAlone } = store;
  const head = await readHead(database);
  const idsOf = async (filter: object): Promise<readonly string[]> => {
    const request = { filter: parseFilter(filter, ['filter'], settings), order: 'LOG', head, limit: 10, backward: false } as const;
    const [page] = await readPages(database, request, { scope: 'EVERYTHING', keys: [''], budget: unbounded });
    return page!.events.map(({ id }) => id);
  };
  const rare = { event: { in: ['rare'] } };
  const wanted = ['e7', 'e5007', 'e10007', 'e15007', 'e20007'];
  expect(await isContentIndexComplete(database)).toBe(false);
  expect(await idsOf(rare)).toEqual(wanted);

  // What an interrupted build leaves.
  await client`create index events_0_by_content on tidings.events_0 (id)`;
  const logged: string[] = [];
  await using _builder = await startContentIndexBuilder(
    { database, logger: { warn: (text: unknown) => void logged.push(String(text)) } },
    connectAlone,
  );
  const missing = () => client`select * from tidings.partitions_without_content_index()`;
  await expect.poll(missing, { timeout: 20_000 }).toEqual([]);
  await expect.poll(() => isContentIndexComplete(database), { timeout: 10_000 }).toBe(true);
  expect(logged).toEqual(['the index of the events is built for partition 1 of 1 (events_0); searches are slow until then']);
  expect(await idsOf(rare)).toEqual(wanted);
  expect(await idsOf({ event: { in: ['rare'] }, payload: [{ path: 'n', eq: 5007 }] })).toEqual(['e5007']);
  await client.end();
}, 60_000);

/** Migrates an empty database to an earlier version. */
async function migrateTo(client: postgres.Sql, tag: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-migrations-'));
  cpSync(migrationsFolder, folder, { recursive: true });
  const path = join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { tag: string }[] };
  const end = journal.entries.findIndex((entry) => entry.tag === tag);
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, end + 1) }));
  await migrate(drizzle(client), { migrationsFolder: folder, migrationsSchema: 'tidings', migrationsTable: 'migrations' });
  rmSync(folder, { recursive: true });
}
