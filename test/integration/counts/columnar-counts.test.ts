import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { bucketsOf } from '../../../src/counts/buckets.ts';
import { parseCountBy, type CountByInput } from '../../../src/counts/dimensions.ts';
import { everything } from '../../../src/filter/filter.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { readCounts } from '../../../src/store/counts/count-events.ts';
import type { readHead } from '../../../src/store/log/log-head.ts';
import { removeEvents } from '../../support/database/remove-events.ts';
import { withoutMemory } from '../../support/database/without-memory.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { logOf } from '../../support/oracles/random-log.ts';

test('counts read columns, unless these are missing or include removed events', async () => {
  await using log = await logOf(
    each((n) => ({
      event: `kind.${n % 3}`,
      occurred: `2026-01-0${1 + (n % 2)}T00:00:00Z`,
      resource: { id: `r.${n % 7}` },
    })),
  );
  const { database, events, head } = log;
  await indexEvents(database, events.slice(0, 200), { block: 8, rowGroup: 40 });
  expect(await kinds(withoutMemory(database), head)).toEqual([84, 83, 83]);

  // The counts come from the columns: these are false here.
  await database.rows(sql`update tidings.digest_chapters set names = replace(names, 'kind.1', 'kind.0')`);
  expect(await kinds(withoutMemory(database), head)).toEqual([84 + 67, 16, 83]);
  // Columns evaluate the whole filter.
  const filter = parseFilter({ resource: { id: { in: ['r.0', 'r.1'] } }, occurred: { until: '2026-01-02T00:00:00Z' } }, [], log.settings);
  const table = await readCounts(database, { filter, dimensions: parseCountBy([{ resource: {} }], ['by']), head });
  expect(table.total).toBe(events.filter(({ resource, occurred }) => /r\.[01]/.test(resource.id) && occurred < '2026-01-02').length);

  await database.rows(sql`update tidings.digest_chapters set occurred = null where last > ${events[79]!.position}`);
  await removeEvents(database, events[49]!.position);
  await database.rows(sql`delete from tidings.digest_chapters where last <= ${events[39]!.position}`);
  await database.rows(sql`delete from tidings.digests where last <= ${events[39]!.position}`);
  expect(await kinds(withoutMemory(database), head)).toEqual(
    [0, 1, 2].map((kind) => events.slice(50).filter(({ event }) => event === `kind.${kind}`).length),
  );
});

test('counts read a column once, and do not count removed events from memory', async () => {
  await using log = await logOf(
    each((n) => ({ event: `kind.${n % 3}`, occurred: '2026-01-01T00:00:00Z', resource: { id: `r.${n % 7}` } })),
  );
  const { database, events, head } = log;
  await indexEvents(database, events.slice(0, 80), { block: 8, rowGroup: 40 });
  expect(await kinds(database, head)).toEqual([84, 83, 83]);
  await database.rows(sql`update tidings.digest_chapters set names = replace(names, 'kind.1', 'kind.0')`);
  expect(await kinds(database, head)).toEqual([84, 83, 83]);
  expect(await kinds(withoutMemory(database), head)).toEqual([84 + 27, 83 - 27, 83]);

  // Row groups that were written since.
  await indexEvents(database, events.slice(80, 200), { block: 8, rowGroup: 40 });
  expect(await kinds(database, head)).toEqual([84, 83, 83]);
  // Its first row group has removed events.
  await removeEvents(database, events[9]!.position);
  expect(await kinds(database, head)).toEqual([80, 80, 80]);
});

test('columns count labels, roles and payload values, unless there are too many values or no columns', async () => {
  const at = (n: number): string => `${(n * 2_654_435_761) % 2 ** 32}`.repeat(40);
  await using log = await logOf(
    each((n) => ({
      event: 'a',
      resource: { id: 'r', labels: { region: `region-${n % 3}`, at: at(n), ...(n < 100 ? {} : { late: 'yes' }) } },
      related: n % 2 === 0 ? [{ role: 'owner', id: `owner-${n % 5}` }] : [],
      payload: {
        state: { name: `state-${n % 3}`, ...(n < 100 ? {} : { late: n % 2 }) },
        list: [n % 2],
        star: { '*': n % 2 },
        at: at(n),
        ...(n % 10 === 0 ? { odd: null } : {}),
      },
    })),
  );
  const { database, events } = log;
  await indexEvents(database, events.slice(0, 200), { block: 8, rowGroup: 100 });
  const counted = (by: CountByInput, filter: EventFilterInput = {}) => countsOf(log, by, filter);
  const countedBy = (path: string) => counted({ payload: { path } });
  const all = async (filter: EventFilterInput) => (await counted({ event: {} }, filter))['a'] ?? 0;

  // A label that the first row group does not have, and one with too many values to be stored.
  expect(await counted({ label: { key: 'late' } })).toEqual({ absent: 100, yes: 150 });
  expect(Object.keys(await counted({ label: { key: 'at' } }))).toHaveLength(250);
  expect(await all({ resource: { labels: [{ key: 'at', in: [at(7), at(120), at(220)] }] } })).toBe(3);
  expect(await counted({ role: { role: 'owner' } }, { related: [{ role: ['owner'] }] })).toEqual(
    Object.fromEntries([0, 1, 2, 3, 4].map((n) => [`owner-${n}`, 25])),
  );
  // The same for payloads.
  expect(await countedBy('state.late')).toEqual({ absent: 100, 0: 75, 1: 75 });
  expect(await countedBy('odd')).toEqual({ absent: 225, null: 25 });
  expect(await all({ payload: [{ path: 'odd', exists: true }] })).toBe(25);
  expect(await countedBy('state.none')).toEqual({ absent: 250 });
  expect(await countedBy('list')).toEqual({ '[0]': 125, '[1]': 125 });
  expect(await countedBy('list.0')).toEqual({ 0: 125, 1: 125 });
  expect(await all({ payload: [{ path: 'list.1', exists: false }] })).toBe(250);
  expect(await all({ payload: [{ path: 'list.*', eq: 1 }] })).toBe(125);
  expect(await all({ payload: [{ path: 'star.*', eq: 1 }] })).toBe(0);
  expect(await all({ payload: [{ path: 'star."*"', eq: 1 }] })).toBe(125);
  expect(Object.keys(await countedBy('state'))).toHaveLength(9);
  expect(Object.keys(await countedBy('at'))).toHaveLength(250);

  // The counts come from the columns: here they give each event of a row group the value of its
  // first one.
  const overwriteColumn = (name: string, hex: string, bytes: number) =>
    database.rows(
      sql`update tidings.chapter_columns set value_of = decode(repeat(${hex}::text, ${bytes}::int), 'hex') where name = ${name}`,
    );
  await overwriteColumn('region', '00', 25);
  expect(await counted({ label: { key: 'region' } })).toEqual({ 'region-0': 100 + 17, 'region-1': 100 + 16, 'region-2': 17 });
  expect(await all({ resource: { labels: [{ key: 'region', in: ['region-1'] }] } })).toBe(116);
  await overwriteColumn('owner', '00', 38);
  expect(await all({ related: [{ id: { in: ['owner-0'] } }] })).toBe(200 + 5);
  expect(await all({ anyResource: [{ id: { in: ['owner-0', 'none'] } }] })).toBe(200 + 5);
  await overwriteColumn('["state","name"]', '55', 25); // the first value has the code 1, in two bits
  expect(await countedBy('state.name')).toEqual({ 'state-0': 100 + 17, 'state-1': 100 + 16, 'state-2': 17 });
  expect(await all({ payload: [{ path: 'state.name', in: ['state-1', 'none'] }] })).toBe(116);

  // Row groups without columns of payloads or labels, as old programs stored them, or with more
  // labels than columns.
  await database.rows(sql`delete from tidings.chapter_columns where kind = 'payload'`);
  expect(await countedBy('state.name')).toEqual({ 'state-0': 84, 'state-1': 83, 'state-2': 83 });
  expect(await all({ payload: [{ path: 'state.late', eq: 1 }] })).toBe(75);
  for (const complete of [null, false]) {
    await database.rows(sql`update tidings.digest_chapters set complete = ${complete}::boolean`);
    await database.rows(sql`delete from tidings.chapter_columns`);
    expect(await counted({ label: { key: 'region' } })).toEqual({ 'region-0': 84, 'region-1': 83, 'region-2': 83 });
    expect(await counted({ role: { role: 'owner' } })).toMatchObject({ absent: 125, 'owner-1': 25 });
    expect(await all({ related: [{ id: { in: ['owner-0'] } }] })).toBe(25);
  }
});

async function countsOf(
  { database, settings, head }: Awaited<ReturnType<typeof logOf>>,
  by: CountByInput,
  filter: EventFilterInput,
): Promise<Readonly<Record<string, number>>> {
  const request = { filter: parseFilter(filter, [], settings), dimensions: parseCountBy([by], ['by']), head };
  const table = await readCounts(withoutMemory(database), request, { maxRareEvents: 0 });
  return Object.fromEntries(table.all().map(({ keys, count }) => [keys[0] ?? 'absent', count]));
}

async function kinds(database: Database, head: Awaited<ReturnType<typeof readHead>>): Promise<readonly number[]> {
  const dimensions = parseCountBy([{ event: {} }], ['by']);
  const table = await readCounts(database, { filter: everything, dimensions, head });
  const { buckets } = bucketsOf(table, { dimensions, bounds: {}, order: 'KEY', first: 1000 });
  return buckets.map(({ count }) => count);
}

/** 250 events. */
function each(eventOf: (n: number) => object): readonly object[] {
  return Array.from({ length: 250 }, (_, n) => eventOf(n));
}
