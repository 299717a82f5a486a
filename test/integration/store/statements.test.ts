import { createReadBudgets, unbounded } from '../../../src/store/database/read-budget.ts';
import { execute, parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testClient } from '../../support/client.ts';
import { schema } from '../../../schema/index.ts';
import { createContext } from '../../../schema/context.ts';
import type { Services } from '../../../schema/services.ts';
import { readSettings } from '../../../src/settings.ts';
import { everything } from '../../../src/filter/filter.ts';
import type { EventDraft } from '../../../src/event/event.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { createHeadReader, readHead } from '../../../src/store/log/log-head.ts';
import { openStore, type Store } from '../../../src/store/open-store.ts';
import { readPages } from '../../../src/store/queries/pages.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { newDatabase } from '../../support/test-server.ts';

let testDatabase: Awaited<ReturnType<typeof newDatabase>>;
let store: Store;
beforeAll(async () => {
  testDatabase = await newDatabase();
  store = await openStore(readSettings(testDatabase.environment));
  // Branching chains of 16 events, and related resources of which some are in every event, some in
  // one.
  const drafts = Array.from({ length: 400 }, (_, n) => ({
    id: `e-${n}`,
    occurred: `2026-01-01T00:${pad(Math.floor(n / 60))}:${pad(n % 60)}.000000Z` as EventDraft['occurred'],
    event: 'a.b',
    resource: { id: `thing-${n % 150}`, labels: {} },
    related: [`owner-${n % 7}`, `part-${n}`, `thing-${(n + 1) % 150}`].map((id) => ({ id, role: 'r', labels: {} })),
    payload: {},
    follows: n % 16 === 0 ? null : `e-${n - 1 - (n % 16 > 1 ? n % 2 : 0)}`,
  }));
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

const pad = (n: number): string => String(n).padStart(2, '0');

/** Runs a query; returns its data and the number of statements sent to the database. */
async function runQuery(query: string): Promise<{ readonly data: any; readonly statements: number }> {
  let statements = 0;
  const database: Store['database'] = {
    ...store.database,
    rows(statement) {
      statements += 1;
      return store.database.rows(statement);
    },
  };
  const services = {
    database,
    heads: createHeadReader(database),
    epochHistory: store.epochHistory,
    limits: readSettings({}),
    budgets: createReadBudgets(64_000_000, 2 ** 30),
  };
  const contextValue = createContext(services as unknown as Services, testClient);
  const { data, errors } = await execute({ schema, document: parse(query), contextValue });
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

async function compare(query: (first: number) => string): Promise<void> {
  const [few, many] = [await runQuery(query(10)), await runQuery(query(100))];
  expect(nodes(many.data)).toBeGreaterThan(5 * nodes(few.data));
  // A larger page may take a further step back in the log, or read more block summaries.
  expect(many.statements).toBeLessThanOrEqual(few.statements + 4);
  expect(many.statements).toBeLessThanOrEqual(30);
}
