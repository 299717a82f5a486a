import { unbounded } from '../../../src/store/database/read-budget.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql, type SQL } from 'drizzle-orm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { anonymous } from '../../../src/auth/caller.ts';
import { createLoaders, type Loaders } from '../../../schema/loaders.ts';
import { readSettings } from '../../../src/settings.ts';
import { origin, type Position } from '../../../src/event/cursor.ts';
import type { EventDraft, StoredEvent } from '../../../src/event/event.ts';
import { everything, type Condition } from '../../../src/filter/filter.ts';
import { parsePermissionFilter } from '../../../src/filter/parse/parse-filter.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { pruneResources } from '../../../src/store/retention/prune-resources.ts';
import { createHeadReader, readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { newDatabase } from '../../support/test-server.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
const smallest = { block: 2, rowGroup: 4 };

/** Text that databases and programs order differently, and prefixes longer than the index holds. */
const ascii = ['a', 'A', 'b', '.', '-', '_', '%', '\\', ' ', '\n', '9', '10'];
const beyondAscii = ['ä', 'a\u0308', '\ue000', '\uffff', '💥', '\u{10ffff}'];
const piece = fc.constantFrom(...ascii, ...beyondAscii);
const short = fc.string({ unit: piece, minLength: 1, maxLength: 4 });
const anyId = fc.oneof(
  { weight: 6, arbitrary: short },
  { weight: 1, arbitrary: short.map((end) => 'x'.repeat(700) + end) },
  { weight: 1, arbitrary: short.map((end) => '💥'.repeat(1020) + Array.from(end).slice(0, 4).join('')) },
);
const prefixes = [
  '',
  'a',
  'a.',
  '_',
  '%',
  '\\',
  '\uffff',
  '💥',
  '\u{10ffff}',
  'x'.repeat(699),
  'x'.repeat(700) + 'a',
  'none',
  '\0',
  '\ud83d',
];

/** Half of the events, by the primary resource; they mention resources of any id. */
const visiblePrefixes = ['a', 'b', 'x', '.', '💥'];
const visible = parsePermissionFilter({ resource: { id: { startsWith: visiblePrefixes } } }, ['filter'], readSettings({}));

test('pages have every resource that a visible event mentions, once, in the order of code points, each in its latest state', async () => {
  await using server = await opened();
  const ids = fc.sample(anyId, { seed, numRuns: 150 });
  const drafts = fc
    .sample(
      fc.record({ primary: fc.constantFrom(...ids), related: fc.array(fc.constantFrom(...ids), { maxLength: 3 }), second: fc.nat(9) }),
      {
        seed,
        numRuns: 100,
      },
    )
    .map(({ primary, related, second }, n) => draft(n, { primary, related, second }));
  const events = await server.append(drafts);
  for (const [from, to] of [
    [0, 0],
    [0, 60],
    [60, 100],
  ] as const) {
    await indexEvents(server.database, events.slice(from, to), smallest);
    for (const idPrefix of prefixes) {
      const limit = 1 + ((seed + idPrefix.length) % 17);
      const found = await readAllPages(server.reads(), idPrefix, limit);
      expect(found, JSON.stringify(idPrefix)).toEqual(oracleResources(events).filter(({ id }) => startsWith(id, idPrefix)));
      if (to !== 60 || idPrefix.length > 2) continue;
      const seen = events.filter(({ resource }) => visiblePrefixes.some((each) => startsWith(resource.id, each)));
      expect(await readAllPages(server.reads(visible), idPrefix, 40), `visible ${JSON.stringify(idPrefix)}`).toEqual(
        oracleResources(seen).filter(({ id }) => startsWith(id, idPrefix)),
      );
    }
  }
  expect(await recordedIds(server.database)).toEqual(oracleResources(events).map(({ id }) => id));
});

test('a page is the same if a row group is indexed between any two of its statements', async () => {
  await using server = await opened();
  const { database } = server;
  const events = await server.append(
    Array.from({ length: 64 }, (_, n) => draft(n, { primary: `r-${n % 50}`, related: [`r-${(n * 7) % 30}`, `only-${n}`], second: n % 7 })),
  );
  const heads = createHeadReader(database);
  for (let step = 0; step < 12; step += 1) {
    let statements = 0;
    const interceptedDatabase: Database = {
      ...database,
      async rows<Row>(statement: SQL): Promise<readonly Row[]> {
        if (statements++ === step) await indexEvents(database, events.slice(4 * step, 4 * step + 4), smallest);
        return database.rows<Row>(statement);
      },
    };
    expect(
      await readAllPages(createLoaders({ database: interceptedDatabase, heads }, { caller: anonymous, budget: unbounded }), '', 120),
      `step ${step}`,
    ).toEqual(oracleResources(events));
    if (statements <= step) break;
  }
});

test('a resource that every event mentions is not written with every row group', async () => {
  await using server = await opened();
  const rowVersion = async (): Promise<unknown> => (await server.database.rows(sql`select ctid, mentioned from tidings.resources`))[0];
  const events = await server.append(Array.from({ length: 12 }, (_, n) => draft(n, { primary: 'all', related: ['all'] })));
  await indexEvents(server.database, events.slice(0, 4), smallest);
  const before = await rowVersion();
  await indexEvents(server.database, events.slice(4, 8), smallest);
  expect(await rowVersion()).toEqual(before);
  await server.database.rows(sql`update tidings.resources set mentioned = -70000`);
  await indexEvents(server.database, events.slice(8), smallest);
  expect(await rowVersion()).toMatchObject({ mentioned: String(events[11]!.position) });
});

test('pruning removes the resources that no kept event mentions, and no others, also while row groups are indexed', async () => {
  await using server = await opened();
  const removed = await server.append(
    Array.from({ length: 240 }, (_, n) => draft(n, { primary: `gone-${n}`, related: ['both', `late-${n % 40}`] })),
  );
  await indexEvents(server.database, removed, smallest);
  const kept = await server.append(
    Array.from({ length: 8 }, (_, n) => draft(300 + n, { primary: `kept-${n}`, related: n < 4 ? ['both', 'late-1'] : ['late-2'] })),
  );
  await indexEvents(server.database, kept.slice(0, 4), smallest);
  const logStart = removed.at(-1)!.position;
  await remove(server.database, logStart);
  // Pages skip them before they are pruned.
  expect((await readAllPages(server.reads(), '', 3)).map(({ id }) => id)).toEqual(oracleResources(kept).map(({ id }) => id));

  const more = [pruneResources(server.database, logStart), indexEvents(server.database, kept.slice(4), smallest).then(() => true)];
  const later: StoredEvent[] = [];
  for (let n = 400; (await Promise.all(more.splice(0))).some(Boolean); n += 4) {
    if (n > 480) break;
    const four = await server.append(
      [0, 1, 2, 3].map((each) => draft(n + each, { primary: 'late-3', related: [`late-${4 + ((n + each) % 30)}`] })),
    );
    later.push(...four);
    more.push(
      pruneResources(server.database, logStart),
      indexEvents(server.database, four, smallest).then(() => false),
    );
  }
  while (await pruneResources(server.database, logStart));
  const mentioned = oracleResources([...kept, ...later]).map(({ id }) => id);
  expect(await recordedIds(server.database)).toEqual(mentioned);
  expect((await readAllPages(server.reads(), '', 7)).map(({ id }) => id)).toEqual(mentioned);
});

test('a resource that is mentioned again just before it would be pruned stays', async () => {
  await using server = await opened();
  const { database } = server;
  const removed = await server.append(Array.from({ length: 8 }, (_, n) => draft(n, { primary: `r-${n}`, related: [] })));
  await indexEvents(database, removed, smallest);
  const logStart = removed.at(-1)!.position;
  await remove(database, logStart);
  const interceptedDatabase: Database = {
    ...database,
    async rows<Row>(statement: SQL): Promise<readonly Row[]> {
      if (JSON.stringify(statement.queryChunks).includes('prune_resources')) {
        await indexEvents(
          database,
          await server.append([1, 2, 3, 4].map((n) => draft(10 + n, { primary: `r-${n}`, related: [] }))),
          smallest,
        );
      }
      return database.rows<Row>(statement);
    },
  };
  expect(await pruneResources(interceptedDatabase, logStart)).toBe(true);
  expect(await recordedIds(database)).toEqual(['r-1', 'r-2', 'r-3', 'r-4']);
  expect(await pruneResources(database, logStart)).toBe(true);
  expect(await pruneResources(database, logStart)).toBe(false);
});

test('migrating a log of the previous version records the resources of its row groups', async () => {
  await using server = await opened();
  const { database } = server;
  const file = readdirSync(migrations).find((name) => name.endsWith('_note_resources.sql'));
  await database.rows(sql`drop function tidings.record_resources, tidings.resources_between, tidings.prune_resources cascade`);
  const events = await server.append(Array.from({ length: 10 }, (_, n) => draft(n, { primary: `r-${n}`, related: ['q'] })));
  await indexEvents(database, events.slice(0, 8), smallest);
  expect(await recordedIds(database)).toEqual([]);
  for (const statement of readFileSync(join(migrations, file!), 'utf8').split('--> statement-breakpoint'))
    await database.rows(sql.raw(statement));
  expect(await recordedIds(database)).toEqual(['q', ...Array.from({ length: 8 }, (_, n) => `r-${n}`)]);
  expect((await readAllPages(server.reads(), '', 4)).map(({ id }) => id)).toEqual(oracleResources(events).map(({ id }) => id));
});

const migrations = join(packageRoot, 'drizzle', 'migrations');

interface Opened extends AsyncDisposable {
  readonly database: Database;
  /** Reads at the current head. */
  reads(visibilityFilter?: Condition): Loaders;
  append(drafts: readonly EventDraft[]): Promise<readonly StoredEvent[]>;
}

async function opened(): Promise<Opened> {
  const testDatabase = await newDatabase();
  const store = await openStore(readSettings(testDatabase.environment));
  const { database } = store;
  return {
    database,
    reads: (visibilityFilter = everything) =>
      createLoaders({ database, heads: createHeadReader(database) }, { caller: { ...anonymous, visibilityFilter }, budget: unbounded }),
    async append(drafts) {
      const after = await readHead(database);
      await appendEvents(database, drafts, 'REJECT_ALL');
      return (await readLog(database, { after, head: await readHead(database), limit: drafts.length })).events;
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await testDatabase[Symbol.asyncDispose]();
    },
  };
}

interface Mentions {
  readonly primary: string;
  readonly related: readonly string[];
  readonly second?: number;
}

function draft(n: number, { primary, related, second = 0 }: Mentions): EventDraft {
  return {
    id: `e-${n}`,
    occurred: `2026-01-01T00:00:0${second}.000000Z` as EventDraft['occurred'],
    event: 'a.b',
    resource: { id: primary, labels: { at: `${n}` } },
    related: related.map((id, index) => ({ id, role: 'r', labels: { at: `${n}/${index}` } })),
    payload: {},
    follows: null,
  };
}

/** Reads all resources, page by page, with the label that identifies the event of each. */
async function readAllPages(reads: Loaders, idPrefix: string, limit: number) {
  const found: { id: string; at: string }[] = [];
  for (let after: string | null = null; ;) {
    const page = await reads.resources({ idPrefix, after, limit });
    found.push(...page.map(({ id, labels }) => ({ id, at: labels['at']! })));
    if (page.length < limit) return found;
    after = page.at(-1)!.id;
  }
}

/**
 * The latest state of each resource: of the events that occurred last, the last in the log; its
 * primary resource before related ones.
 */
function oracleResources(events: readonly StoredEvent[]) {
  const last = new Map<string, { readonly event: StoredEvent; readonly at: string }>();
  for (const event of events) {
    for (const { id, labels } of [...event.related.toReversed(), event.resource]) {
      const known = last.get(id);
      if (known === undefined || known.event.occurred <= event.occurred) last.set(id, { event, at: labels['at']! });
    }
  }
  return Array.from(last, ([id, { at }]) => ({ id, at })).toSorted((a, b) => compare(Array.from(a.id), Array.from(b.id)));
}

function compare(a: readonly string[], b: readonly string[]): number {
  return Buffer.compare(Buffer.from(a.join('')), Buffer.from(b.join('')));
}

function startsWith(id: string, prefix: string): boolean {
  return Array.from(prefix).every((point, index) => Array.from(id)[index] === point);
}

async function recordedIds(database: Database): Promise<readonly string[]> {
  return (await database.rows<{ id: string }>(sql`select id from tidings.resources order by id`)).map(({ id }) => id);
}

/** Removes a part of the log as retention does: the events, their row groups and summaries. */
async function remove(database: Database, upTo: Position): Promise<void> {
  for (const [table, column] of [
    ['events', 'position'],
    ['event_ids', 'position'],
    ['digests', 'last'],
    ['digest_chapters', 'last'],
  ]) {
    await database.rows(sql`delete from ${sql.raw(`tidings.${table}`)} where ${sql.raw(column!)} between ${origin} and ${upTo}`);
  }
}
