import { unbounded } from '../../../src/store/database/read-budget.ts';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { executeOnStore } from '../../support/database/execute-on-store.ts';
import { createLoaders } from '../../../schema/loaders.ts';
import { visibleTo } from '../../../src/auth/visibility.ts';
import { anonymous, type Caller } from '../../../src/auth/caller.ts';
import type { Position } from '../../../src/event/cursor.ts';
import { readSettings } from '../../../src/settings.ts';
import { everything } from '../../../src/filter/filter.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventDraft } from '../../../src/event/event.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { createHeadReader, readHead } from '../../../src/store/log/log-head.ts';
import { openStore, type Store } from '../../../src/store/open-store.ts';
import type { FirstStatement } from '../../../src/store/database/database.ts';
import { searchMemoryOf } from '../../../src/store/queries/search-memory.ts';
import { readPages, readPagesWithHead } from '../../../src/store/queries/pages.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { newDatabase } from '../../support/test-server.ts';

const pad = (n: number): string => String(n).padStart(2, '0');
/**
 * Branching chains of 16 events, and related resources of which some are in every event, some in
 * one.
 */
const drafts = Array.from({ length: 400 }, (_, n) => ({
  id: `e-${n}`,
  occurred: `2026-01-01T00:${pad(Math.floor(n / 60))}:${pad(n % 60)}.000000Z` as EventDraft['occurred'],
  event: 'a.b',
  resource: { id: `thing-${n % 150}`, labels: {} },
  related: [`owner-${n % 7}`, `part-${n}`, `thing-${(n + 1) % 150}`].map((id) => ({ id, role: 'r', labels: {} })),
  payload: {},
  follows: n % 16 === 0 ? null : `e-${n - 1 - (n % 16 > 1 ? n % 2 : 0)}`,
}));

let testDatabase: Awaited<ReturnType<typeof newDatabase>>;
let store: Store;
beforeAll(async () => {
  testDatabase = await newDatabase();
  store = await openStore(readSettings(testDatabase.environment));
  await appendEvents(store.database, drafts, 'REJECT_ALL');
  const head = await readHead(store.database);
  const everyEvent = { filter: everything, order: 'LOG', head, limit: 1000, backward: false } as const;
  const [page] = await readPages(store.database, everyEvent, { scope: 'EVERYTHING', keys: [''], budget: unbounded });
  await indexEvents(store.database, page!.events.slice(0, 384), { block: 16, rowGroup: 64 });
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await testDatabase[Symbol.asyncDispose]();
});

/** Runs a query; returns its data and the number of statements sent to the database. */
async function runQuery(query: string): Promise<{ readonly data: any; readonly statements: number }> {
  let statements = 0;
  const { data, errors } = await executeOnStore(store, query, () => void (statements += 1));
  expect(errors).toBeUndefined();
  return { data, statements };
}

/** The number of objects with an id in a response. */
function nodes(value: any): number {
  if (typeof value !== 'object' || value === null) return 0;
  return ('id' in value || 'resourceId' in value ? 1 : 0) + Object.values(value).reduce((sum: number, each) => sum + nodes(each), 0);
}

const nested: Readonly<Record<string, string>> = {
  follows: deep('follows { id', 5),
  followers: deep('followers(first: 2) { nodes { id', 5),
  'related.resource': 'related { resourceId resource { id name } }',
  'resource.resource': 'resource { resourceId resource { id name labels label(key: "x") } }',
  'resource and related.resource': 'resource { resourceId resource { id name } } related { resourceId resource { id name } }',
  'resource.events':
    'resource { resource { id name events(first: 2) { nodes { id resource { resource { id name events(first: 2, involvement: PRIMARY) { nodes { id } } } } } } } }',
  chain: 'chain { root { id } ancestors { id } descendants { id } }',
  'all of them, five levels deep': `
    follows { id chain { descendants { id } } }
    followers(first: 2) { nodes { id follows { id } related { resourceId resource { id name events(first: 2) {
      nodes { id chain(maxEvents: 5) { ancestors { id related { resourceId resource { id name } } } } } pageInfo { hasNextPage }
    } } } } }`,
};

/** Nests a field in itself. */
function deep(field: string, levels: number): string {
  return `${`${field} `.repeat(levels)}${' }'.repeat(levels * field.split('{').length - levels)}`;
}

test.each(Object.entries(nested))('%s: a page of 100 events costs about as many statements as one of 10', async (_name, fields) => {
  await compare((first) => `{ events(first: ${first}) { nodes { id ${fields} } } }`);
});

test('resources with their events: a page of 100 costs about as many statements as one of 10', async () => {
  await compare((first) => `{ resources(first: ${first}) { nodes { id name events(first: 2) { nodes { id } } } } }`);
});

test.each(['custom', 'prepared', 'repeated'] as const)('parameters of a %s statement arrive as they are', async (planMode) => {
  const { database } = store;
  const texts = ['', "it's", '\\', '$1', '"', '\u{1f600} \u00e9\u2028', '{1,2}', 'x'.repeat(100_000)];
  for (const text of texts) {
    expect(await database.rows(sql`select ${text}::text as text, ${null}::text as nothing`, planMode)).toEqual([{ text, nothing: null }]);
  }
  for (const number of [0, -1, 2 ** 48, 0.1, 1e300]) {
    expect(await database.rows(sql`select ${number}::float8 as number`, planMode)).toEqual([{ number }]);
  }
  for (const time of ['2026-01-01 00:00:00.000001+00', '0001-01-01 00:00:00+00', '-infinity']) {
    expect(await database.rows(sql`select ${time}::timestamptz as time`, planMode)).toEqual([{ time }]);
  }
  for (const json of ['{"a": 1e-7}', '[1.10, 12345678901234567890]', 'null']) {
    expect(await database.rows(sql`select ${json}::text::jsonb::text as json`, planMode)).toEqual([
      { json: json.replace('1e-7', '0.0000001') },
    ]);
  }
  expect(await database.rows(sql`select ${true}::boolean as yes, ${false}::boolean as no`, planMode)).toEqual([{ yes: true, no: false }]);
});

test('pages that are asked for again and again come from statements that connections keep', async () => {
  const { database } = store;
  const head = await readHead(database);
  const settings = readSettings(testDatabase.environment);
  const filters = [
    { resource: { id: { in: ['thing-1'] } } },
    { related: [{ role: ['r'], id: { in: ['owner-1'] } }] },
    { related: [{ id: { in: ['part-7'] } }] },
    { event: { in: ['a.b'] } },
  ];
  for (const input of filters) {
    const filter = parseFilter(input, ['filter'], settings);
    const wanted = drafts.filter((draft) =>
      matches(filter, { ...draft, position: 0 as Position, received: draft.occurred } as never),
    ).length;
    for (let n = 0; n < 20; n += 1) {
      const request = { filter, order: 'NEWEST_FIRST', head, limit: 1000, backward: false } as const;
      // The first ten remember nothing.
      const [page] = await readPages(n < 10 ? { ...database, identity: {} } : database, request, {
        scope: 'EVERYTHING',
        keys: [''],
        budget: unbounded,
      });
      expect(page!.events).toHaveLength(wanted);
    }
  }
  for (const kind of ['is_end', 'are_many_new', 'as known (position)']) {
    const [kept] = await database.rows<{ generic: boolean }>(sql`
      select bool_and(generic_plans > 0) as generic from pg_prepared_statements where strpos(statement, ${kind}) > 0`);
    expect(kept, kind).toEqual({ generic: true });
  }
});

/** Loaders that count statements; two that are sent together are one. `between` runs between these two. */
function loadersWith({ between = () => undefined, caller = anonymous }: { between?: () => unknown; caller?: Caller } = {}) {
  let statements = 0;
  const database: Store['database'] = {
    ...store.database,
    reads: () => database,
    rows<Row>(...statement: Parameters<Store['database']['rows']>) {
      statements += 1;
      return store.database.rows<Row>(...statement);
    },
    async rowsAfter<First, Row>({ statement: first, onRows }: FirstStatement<First>, ...statement: Parameters<Store['database']['rows']>) {
      statements += 1;
      onRows(await store.database.rows<First>(first, 'prepared'));
      await between();
      return store.database.rows<Row>(...statement);
    },
  };
  return {
    loaders: createLoaders({ database, heads: createHeadReader(database) }, { caller, budget: unbounded }),
    statements: () => statements,
  };
}

const append = (id: string): Promise<unknown> => appendEvents(store.database, [{ ...drafts[0]!, id, follows: null }], 'REJECT_ALL');

test('by id: the head and the events are one round trip', async () => {
  const { loaders, statements } = loadersWith();
  const found = await Promise.all(['e-3', 'e-300', 'e-3'].map((id) => loaders.event(id)));
  expect(found.map((event) => event?.id)).toEqual(['e-3', 'e-300', 'e-3']);
  expect(statements()).toBe(1);
  expect(await loaders.head()).toBe(await readHead(store.database));
  expect((await loaders.event('e-4'))?.id).toBe('e-4');
  expect(statements()).toBe(2);
});

test('by id: an event after the head does not exist yet', async () => {
  const { loaders } = loadersWith({ between: () => append('late') });
  const [late, early] = await Promise.all([loaders.event('late'), loaders.event('e-5')]);
  expect([late, early?.id]).toEqual([null, 'e-5']);
  expect((await loadersWith().loaders.event('late'))?.position).toBeGreaterThan(await loaders.head());
});

test.each(['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'] as const)('a page in order %s ends at the head that is read with it', async (order) => {
  const resource = order.toLowerCase();
  const latest = '2026-02-01T00:00:00.000000Z' as EventDraft['occurred'];
  const draftOf = (id: string): EventDraft => ({
    ...drafts[0]!,
    id,
    follows: null,
    occurred: latest,
    resource: { id: resource, labels: {} },
  });
  const idsOf = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `${resource}-${from + n}`);
  const store3 = (from: number): Promise<unknown> => appendEvents(store.database, idsOf(from, from + 3).map(draftOf), 'REJECT_ALL');
  const filters = [everything, parseFilter({ resource: { id: { in: [resource] } } }, ['filter'], readSettings({}))];
  await store3(0);
  for (const [n, filter] of filters.entries()) {
    for (const limit of [2, 1000]) {
      const before = n * 6 + (limit === 2 ? 3 : 6);
      const { loaders } = loadersWith({ between: () => store3(before) });
      const request = { filter: visibleTo(anonymous, filter), order, limit, backward: order !== 'NEWEST_FIRST' };
      const { events, more } = await loaders.page(request, { scope: 'EVERYTHING', key: '' });
      const newest = await readPages(
        store.database,
        { ...request, head: await loaders.head() },
        { scope: 'EVERYTHING', keys: [''], budget: unbounded },
      );
      expect([events, more]).toEqual([newest[0]!.events, newest[0]!.more]);
      expect(events.filter((event) => idsOf(0, before).includes(event.id))).toHaveLength(Math.min(before, limit));
    }
  }
});

test('a page is complete where the log has grown more than was expected', async () => {
  const head = Promise.resolve(await readHead(store.database));
  const request = { filter: everything, order: 'LOG', limit: 1000, backward: false } as const;
  const scoped = { scope: 'EVERYTHING', keys: [''], budget: unbounded } as const;
  const [page] = await readPagesWithHead(
    { database: store.database, head, known: 5 as Position, expected: 10 as Position },
    request,
    scoped,
  );
  expect(page!.events.at(-1)?.position).toBe(await head);
});

test('a condition is known as frequent although its head is only expected, and may be far beyond the log', async () => {
  const { database } = store;
  const head = await readHead(database);
  const filter = parseFilter({ event: { in: ['a.b', 'none'] } }, ['filter'], readSettings({}));
  const request = { filter, order: 'NEWEST_FIRST', limit: 10, backward: false } as const;
  const scoped = { scope: 'EVERYTHING', keys: [''], budget: unbounded } as const;
  const reading = { database, head: Promise.resolve(head), known: head, expected: (head + 50_000) as Position };
  expect((await readPagesWithHead(reading, request, scoped))[0]!.events).toHaveLength(10);
  expect(Array.from(searchMemoryOf(database).common).filter(([key]) => key.includes('none'))).toMatchObject([
    [expect.anything(), 'FREQUENT'],
  ]);
});

test('a head is read although the reads need no statement, or fail', async () => {
  const heads = createHeadReader(store.database);
  const head = await heads.readWith(store.database, async (reading) => ({ read: reading.head }));
  expect(await head.read).toBe(await readHead(store.database));
  let failed: Promise<Position> | null = null;
  const reading = heads.readWith(store.database, async (opened) => {
    failed = opened.head;
    await opened.database.rows(sql`select 1 / 0`);
  });
  await expect(reading).rejects.toThrow('division by zero');
  // The statement failed, and its head did not.
  expect(await failed).toBe(await head.read);
});

test('two statements sent together: the second begins after the first, and both free their connection', async () => {
  const { database } = store;
  const received: unknown[] = [];
  const first = {
    statement: sql`select set_config('test.sent', 'first', false) as value`,
    onRows: (rows: readonly unknown[]) => void received.push(...rows),
  };
  received.push(...(await database.rowsAfter(first, sql`select current_setting('test.sent') as value, ${'x'} as parameter`)));
  expect(received).toEqual([{ value: 'first' }, { value: 'first', parameter: 'x' }]);
  const failing = { statement: sql`select 1 / 0`, onRows: () => expect.unreachable() };
  for (let n = 0; n < 12; n += 1) await expect(database.rowsAfter(failing, sql`select 1`)).rejects.toThrow('division by zero');
  expect(await database.rows(sql`select 1 as one`)).toEqual([{ one: 1 }]);
});

test('by id: a caller finds the events that its visibility filter matches', async () => {
  const visibilityFilter = { kind: 'oneOf', field: 'follows', values: ['e-1'] } as const;
  const { loaders } = loadersWith({ caller: { ...anonymous, visibilityFilter } });
  const found = await Promise.all(['e-1', 'e-2', 'e-3', 'e-4'].map((id) => loaders.event(id)));
  expect(found.map((event) => event?.id)).toEqual([undefined, 'e-2', 'e-3', undefined]);
});

async function compare(query: (first: number) => string): Promise<void> {
  const [few, many] = [await runQuery(query(10)), await runQuery(query(100))];
  expect(nodes(many.data)).toBeGreaterThan(5 * nodes(few.data));
  expect(few.statements).toBeGreaterThan(0);
  // A larger page may take a further step back in the log, or read more block summaries.
  expect(many.statements).toBeLessThanOrEqual(few.statements + 4);
  expect(many.statements).toBeLessThanOrEqual(30);
}
