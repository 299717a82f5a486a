import postgres from 'postgres';
import { workload } from '../load/workload.ts';

/**
 * The rivals' table: one row an event, with the indexes that an application usually has. It is in
 * schema `peer` of the database that Tidings uses, and has the same events. Text search covers
 * what it covers in Tidings: names, resource ids, label values and strings of the payload.
 */
const table = `
  create schema peer;
  create table peer.events (
    position bigint generated always as identity primary key,
    id text not null,
    occurred timestamptz not null,
    received timestamptz not null default now(),
    event text not null,
    resource_id text not null,
    resource_name text,
    labels jsonb not null,
    related jsonb not null,
    payload jsonb not null,
    follows text
  );
  create function peer.searched(event text, resource_id text, resource_name text, labels jsonb, related jsonb, payload jsonb) returns text
    language sql immutable parallel safe as $$
      select lower(concat_ws(' ', event, resource_id, resource_name,
        jsonb_path_query_array(labels, '$.*')::text,
        jsonb_path_query_array(related, '$[*].id')::text,
        jsonb_path_query_array(related, '$[*].name')::text,
        jsonb_path_query_array(payload, 'strict $.** ? (@.type() == "string")')::text)) $$;
  create function peer.events_searched(e peer.events) returns text language sql stable parallel safe as
    $$ select peer.searched(e.event, e.resource_id, e.resource_name, e.labels, e.related, e.payload) $$;
  create function peer.events_region(e peer.events) returns text language sql stable parallel safe as
    $$ select e.labels ->> 'region' $$;
  comment on function peer.events_searched(peer.events) is '@filterable';
  comment on function peer.events_region(peer.events) is '@filterable';
  comment on column peer.events.labels is '@behavior +attribute:filterBy';
  comment on column peer.events.related is '@behavior +attribute:filterBy';
  comment on column peer.events.payload is '@behavior +attribute:filterBy';`;

const indexes: readonly string[] = [
  'alter table peer.events add constraint events_id unique (id)',
  'create index on peer.events (occurred)',
  'create index on peer.events (event text_pattern_ops, occurred)',
  'create index on peer.events (resource_id text_pattern_ops, occurred)',
  'create index on peer.events (follows)',
  'create index on peer.events using gin (labels jsonb_path_ops)',
  'create index on peer.events using gin (related jsonb_path_ops)',
  'create index on peer.events using gin (payload jsonb_path_ops)',
];

/** Creates the table with so many events of the workload, and its indexes. */
export async function createPlainTable(url: string, { events, trigrams }: { events: number; trigrams: boolean }): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(table);
    await insertPlain(sql, workload(events));
    for (const index of indexes) await sql.unsafe(index);
    if (trigrams) await createTrigrams(sql);
    await sql.unsafe('vacuum analyze peer.events');
  } finally {
    await sql.end();
  }
}

/** Inserts events in batches of 1,000. */
export async function insertPlain(sql: postgres.Sql, events: Iterable<object>): Promise<void> {
  const batch: object[] = [];
  const flush = async (): Promise<void> => void (await sql.unsafe(insert, [sql.json(batch.splice(0) as postgres.JSONValue[])]));
  for (const { resource, ...rest } of events as Iterable<{ resource: { id: string; name?: string; labels?: object } }>) {
    const { id, name = null, labels = {} } = resource;
    if (batch.push({ ...rest, resource_id: id, resource_name: name, labels }) === 1000) await flush();
  }
  if (batch.length > 0) await flush();
}

/** The number of events in the table, 0 if there is no table. */
export async function plainEvents(url: string): Promise<number> {
  const sql = postgres(url, { max: 1 });
  try {
    const [row] = await sql`select to_regclass('peer.events') is not null as exists`;
    if (row?.['exists'] !== true) return 0;
    return Number((await sql`select count(*) from peer.events`)[0]?.['count']);
  } finally {
    await sql.end();
  }
}

/** Trigrams for substring search, where the server has them. */
async function createTrigrams(sql: postgres.Sql): Promise<void> {
  try {
    await sql.unsafe('create extension if not exists pg_trgm');
  } catch (error) {
    console.log(`The plain table has no trigrams: ${String(error)}`);
    return;
  }
  await sql.unsafe(`create index events_region_trigrams on peer.events using gin ((labels ->> 'region') gin_trgm_ops)`);
  await sql.unsafe(
    'create index events_trigrams on peer.events using gin (peer.searched(event, resource_id, resource_name, labels, related, payload) gin_trgm_ops)',
  );
}

const insert = `insert into peer.events (id, occurred, event, resource_id, resource_name, labels, related, payload, follows)
  select * from jsonb_to_recordset($1::jsonb) as _ (id text, occurred timestamptz, event text, resource_id text, resource_name text,
    labels jsonb, related jsonb, payload jsonb, follows text)`;
