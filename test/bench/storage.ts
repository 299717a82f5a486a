import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { readSettings } from '../../src/settings.ts';
import { fromDocument } from '../../src/event/document.ts';
import type { EventCandidate } from '../../src/event/event.ts';
import { openStore } from '../../src/store/open-store.ts';
import { startPostgres } from '../support/database/postgres-server.ts';
import { append, indexAll } from './load/filling.ts';
import { workload } from './load/workload.ts';

// Measures bytes on disk per event by table and index, compared with its JSON, everything indexed:
//   npm run bench storage, or npx tsx test/bench/storage.ts [events of the workload, 200000]
// Uses a temporary Postgres with default settings. Limits: 1.75 times the JSON of the workload, 2.0
// times that of the sample.
const count = Number(process.argv[2] ?? 200_000);
const sample = gunzipSync(readFileSync(new URL('../fixtures/github-2015-01-01.ndjson.gz', import.meta.url)))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Record<string, unknown>);

await using server = await startPostgres();
console.log(server.version);
await measure('workload', workload(count), [...workload(Math.min(count, 10_000))].map(documentOf));
await measure('sample', sample.map(fromDocument), sample);

async function measure(name: string, events: Iterable<EventCandidate>, documents: readonly object[]): Promise<void> {
  const admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}`);
  await admin.end();
  const settings = readSettings({ DATABASE_URL: server.url(name) });
  await using store = await openStore(settings);
  const { database } = store;
  // Excludes the maps that vacuum keeps for each table: their size does not depend on events.
  await database.rows(sql`vacuum analyze`);
  const empty = new Map((await sizes(database)).map(({ part, bytes }) => [part, Number(bytes)]));
  const stored = await append(database, events, settings);
  await indexAll(database);
  const parts = (await sizes(database)).map(({ part, bytes }) => ({
    part,
    'bytes/event': (Number(bytes) - (empty.get(part) ?? 0)) / stored,
  }));
  const json = documents.reduce<number>((sum, each) => sum + Buffer.byteLength(JSON.stringify(each)), 0) / documents.length;
  const total = parts.reduce((sum, part) => sum + part['bytes/event'], 0);
  console.log(
    `\n${name}: ${stored} events of ${json.toFixed(0)} bytes of JSON take ${total.toFixed(0)}, ${(total / json).toFixed(2)} times that`,
  );
  console.table(
    parts.filter((part) => part['bytes/event'] >= 0.5).map((part) => ({ ...part, 'bytes/event': Number(part['bytes/event'].toFixed(1)) })),
  );
}

/** Sizes of tables including TOAST, and of indexes. */
async function sizes(database: Parameters<typeof append>[0]): Promise<readonly { readonly part: string; readonly bytes: string }[]> {
  return database.rows(sql`
    select regexp_replace(c.relname, '_0(_|$)', '\\1') as part, sum(case c.relkind when 'i' then pg_relation_size(c.oid) else pg_table_size(c.oid) end) as bytes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'tidings' and c.relkind in ('r', 'i', 'S')
    group by 1 order by 2 desc, 1`);
}

/** The event document of an event of the workload. */
function documentOf(event: EventCandidate): object {
  const { resource, related, ...rest } = event as EventCandidate & { resource: Flattened; related: readonly Flattened[] };
  return { ...rest, resource: flat(resource), related: related.map(flat) };
}

interface Flattened {
  readonly id: string;
  readonly role?: string;
  readonly name?: string;
  readonly labels?: object;
}

function flat({ id, role, name, labels }: Flattened): object {
  return {
    'prefect.resource.id': id,
    ...(role === undefined ? {} : { 'prefect.resource.role': role }),
    ...(name === undefined ? {} : { 'prefect.resource.name': name }),
    ...labels,
  };
}
