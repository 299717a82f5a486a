import { sql, type SQL } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { formatNodeId } from '../../schema/node.ts';
import type { EventDraft } from '../../src/event/event.ts';
import { everything, type Condition } from '../../src/filter/filter.ts';
import { parsePermissionFilter } from '../../src/filter/parse/parse-filter.ts';
import { readSettings } from '../../src/settings.ts';
import { unbounded } from '../../src/store/database/read-budget.ts';
import { appendEvents } from '../../src/store/log/append.ts';
import { readHead } from '../../src/store/log/log-head.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { readPages } from '../../src/store/queries/pages.ts';
import { allFieldsQueries, type Arguments } from '../support/all-fields-query.ts';
import { testClient } from '../support/client.ts';
import { executeOnStore } from '../support/database/execute-on-store.ts';
import { indexEvents } from '../support/skip-index.ts';
import { newDatabase } from '../support/test-server.ts';

// For each query field: the work and the time for a name that only hidden events have, and for one
// that no event has. In the worst case for a key: each block has as many hidden events as visible ones.

const eventCount = 1024;
let testDatabase: Awaited<ReturnType<typeof newDatabase>>;
let store: Store;

beforeAll(async () => {
  testDatabase = await newDatabase();
  store = await openStore(readSettings(testDatabase.environment));
  const drafts = Array.from({ length: eventCount }, (_, n): EventDraft => {
    const [side, thing] = n % 2 === 0 ? ['acme', n % 100] : ['secret', n];
    return {
      id: `${side}-${n}`,
      occurred: null,
      event: `${side}.event`,
      resource: { id: `${side}.thing.${thing}`, labels: { level: side } },
      related: [{ id: `${side}.hub`, role: side, labels: {} }],
      payload: { key: side },
      follows: n < 2 ? null : `${side}-${n - 2}`,
    };
  });
  for (let at = 0; at < drafts.length; at += 1024) await appendEvents(store.database, drafts.slice(at, at + 1024), 'REJECT_ALL');
  const all = { filter: everything, order: 'LOG', head: await readHead(store.database), limit: eventCount, backward: false } as const;
  const [page] = await readPages(store.database, all, { scope: 'EVERYTHING', keys: [''], budget: unbounded });
  await indexEvents(store.database, page!.events.slice(0, eventCount - 128), { block: 64, rowGroup: 256 });
  await store.database.rows(sql`analyze`);
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await testDatabase[Symbol.asyncDispose]();
});

/** The arguments of each query field that name something; NAME is hidden or absent. */
const named: Arguments = {
  'Query.event': ['id: "NAME-1"'],
  'Query.events': [
    '{ id: ["NAME-1", "NAME-3"] }',
    '{ follows: ["NAME-1"] }',
    '{ event: { in: ["NAME.event"] } }',
    '{ event: { startsWith: ["NAME."] } }',
    '{ resource: { id: { in: ["NAME.thing.7"] } } }',
    '{ resource: { labels: [{ key: "level", in: ["NAME"] }] } }',
    '{ anyResource: [{ id: { in: ["NAME.hub"] } }] }',
    '{ payload: [{ path: "key", eq: "NAME" }] }',
    '{ text: "NAME" }',
  ].map((filter) => `filter: ${filter}`),
  'Query.eventCounts': ['by: [{ event: {} }], filter: { event: { in: ["NAME.event"] } }', 'by: [{ role: { role: "NAME" } }]'],
  'Query.resource': ['id: "NAME.thing.7"', 'id: "NAME.hub"'],
  'Query.node': ['nodeId: "NODE"'],
  'Query.resources': ['idPrefix: "NAME."', 'idPrefix: "NAME.thing.7", first: 1000', 'idPrefix: "NAME", first: 1'],
  'Query.explainFilter': ['filter: { event: { in: ["NAME.event"] } }'],
  'Query.whyNot': ['filter: {}, eventId: "NAME-1"'],
  'Query.eventFields': ['filter: { event: { in: ["NAME.event"] } }'],
  // They take no name, or require ADMIN.
  'Query.me': [],
  'Query.service': [],
  'Query.head': [],
  'Query.apiKeys': [],
  'Query.rejectedEvents': [],
  'Resource.label': ['key: "level"'],
  'PrimaryResource.label': ['key: "level"'],
  'RelatedResource.label': ['key: "level"'],
  'Event.payloadAt': ['path: "key"'],
};

/** Fields whose work must not depend on hidden events at all. */
const independent = new Set(['resources', 'explainFilter']);

const visible = {
  'by resource': { resource: { id: { startsWith: ['acme.'] } } },
  'by payload': { payload: [{ path: 'key', eq: 'acme' }] },
};

test.each(Object.entries(visible))('a key with a filter %s: hidden names cost what absent ones do', async (_name, filter) => {
  const caller = { ...testClient.caller, visibilityFilter: parsePermissionFilter(filter, ['filter'], readSettings({})) };
  const [hidden, absent] = ['secret', 'absent'].map((name) => allFieldsQueries(schema, 'Query', argumentsFor(name), 1)) as [
    string[],
    string[],
  ];
  const lines: string[] = [];
  for (const [n, query] of hidden.entries()) {
    const asked = /asked: (\w+)/.exec(query)![1]!;
    const pair = [query, absent[n]!] as const;
    const times = await medianTimes(pair, caller); // sets hint bits, too
    const [hiddenWork, absentWork] = [await workOf(pair[0], caller), await workOf(pair[1], caller)];
    lines.push(`${query.slice(15, 85).padEnd(70)} ${hiddenWork.buffers}, ${absentWork.buffers} buffers, ${times} ms`);
    if (independent.has(asked)) {
      expect(hiddenWork.statements, query.slice(0, 100)).toBe(absentWork.statements);
      expect(Math.abs(hiddenWork.buffers - absentWork.buffers), query.slice(0, 100)).toBeLessThanOrEqual(toleranceBuffers);
    }
    expect(hiddenWork.buffers, query.slice(0, 100)).toBeLessThanOrEqual(1.2 * absentWork.buffers + blockBuffers);
  }
  console.log(['hidden, absent', ...lines].join('\n'));
});

function argumentsFor(name: string): Arguments {
  const node = formatNodeId({ type: 'Resource', id: `${name}.hub` });
  const entries = Object.entries(named).map(([field, texts]) => [
    field,
    texts.map((text) => text.replaceAll('NAME', name).replace('NODE', node)),
  ]);
  return Object.fromEntries(entries) as Arguments;
}

type TestCaller = typeof testClient.caller & { readonly visibilityFilter: Condition };

/** The statements of a query, and the pages of tables and indexes that they read, cached or not. */
async function workOf(query: string, caller: TestCaller): Promise<{ readonly statements: number; readonly buffers: number }> {
  const work = { statements: 0, buffers: 0 };
  const explained = async (statement: SQL): Promise<void> => {
    const [row] = await store.database.rows<{ 'QUERY PLAN': string | object }>(
      sql`explain (analyze, buffers, timing off, format json) ${statement}`,
    );
    const plan = row!['QUERY PLAN'];
    const [{ Plan: root }] = (typeof plan === 'string' ? JSON.parse(plan) : plan) as [{ Plan: Record<string, number> }];
    work.statements += 1;
    work.buffers += root['Shared Hit Blocks']! + root['Shared Read Blocks']!;
  };
  await run(query, caller, explained);
  return work;
}

/** A block of events in which a hidden id, prefix or text lets the search look. */
const blockBuffers = 32;
/** What other work of the database, such as a vacuum, can change. */
const toleranceBuffers = 8;

/** Interleaved, so that the load of the machine affects both. */
async function medianTimes(queries: readonly [string, string], caller: TestCaller): Promise<string> {
  const times: [number[], number[]] = [[], []];
  for (let n = 0; n < 2 * runs; n += 1) {
    const from = performance.now();
    await run(queries[n % 2]!, caller);
    times[n % 2]!.push(performance.now() - from);
  }
  return times.map((each) => each.toSorted((a, b) => a - b)[runs >> 1]!.toFixed(1)).join(', ');
}

const runs = 3;

async function run(query: string, caller: TestCaller, before: (statement: SQL) => Promise<void> = async () => undefined): Promise<void> {
  const { errors } = await executeOnStore(store, query, before, caller);
  expect(errors, query.slice(0, 100)).toBeUndefined();
}
