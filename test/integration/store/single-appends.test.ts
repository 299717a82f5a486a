import { sql } from 'drizzle-orm';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { appendRows, type AppendedBatch, type DraftRow } from '../../../src/store/log/append.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';
import { newDatabase } from '../../support/test-server.ts';

// tidings.append_events has a branch for a batch of one event. Its results must be those of a larger batch.

const seed = testSeed();
const anyText = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed() && !text.includes('\0'));
const anyDraft = fc.record(
  {
    id: fc.oneof(anyText, fc.uuid(), fc.constantFrom('a', 'b', 'c', 'd')),
    occurred: fc.constantFrom(null, '2026-01-01 00:00:00.000001+00', '0044-03-15 00:00:00+00 BC'),
    event: fc.constantFrom('x', 'y'),
    resource_id: fc.constantFrom('r', 's'),
    resource_labels: fc.constantFrom({}, { k: 'v' }),
    related: fc.constantFrom([], [{ id: 'q', role: 'owner', labels: {} }]),
    payload: fc.constantFrom(null, {}, { n: 1, nested: [null, '"'] }),
    follows: fc.constantFrom(null, 'a'),
    exact: fc.boolean(),
  },
  { requiredKeys: ['id', 'occurred', 'event', 'resource_id', 'resource_labels', 'related', 'payload', 'follows'] },
);

async function withDatabases(count: number, work: (...databases: readonly Database[]) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const databases: Database[] = [];
  for (let n = 0; n < count; n += 1) {
    const { environment } = stack.use(await newDatabase());
    databases.push(stack.use(await openStore(readSettings(environment))).database);
  }
  await work(...databases);
}

async function append(database: Database, drafts: readonly object[]): Promise<AppendedBatch> {
  const batch = await appendRows(
    database,
    drafts.map((each) => JSON.stringify(each) as DraftRow),
    'SKIP_REJECTED',
  );
  if ('conflicts' in batch) throw new Error('conflicts');
  return batch;
}

/** Every column but the times of storing, and whether a time that was left out is that. */
function stored(database: Database): Promise<readonly unknown[]> {
  return database.rows(sql`
    select case when occurred <> received then occurred end as occurred, id, event, resource_id, resource_labels, related, payload, follows
    from tidings.events order by position`);
}

test('events that are appended one by one have the results and the content of a batch', async () => {
  await withDatabases(2, async (one, many) => {
    const drafts = fc.sample(anyDraft, { seed, numRuns: 300 });
    const single: AppendedBatch[] = [];
    for (const draft of drafts) single.push(await append(one, [draft]));
    const batch: AppendedBatch['appended'][number][] = [];
    for (let at = 0; at < drafts.length; at += 7) batch.push(...(await append(many, drafts.slice(at, at + 7))).appended);
    const outcomes = (all: readonly AppendedBatch['appended'][number][]): unknown =>
      all.map(({ created, differing }) => ({ created, differing }));
    expect(outcomes(single.map(({ appended }) => appended[0]!))).toEqual(outcomes(batch));
    expect(await stored(one)).toEqual(await stored(many));
    for (const { head, appended } of single) expect(head).toBe(appended[0]!.created ? appended[0]!.position : null);
    expect(single.filter(({ appended }) => !appended[0]!.created).length).toBeGreaterThan(20);
  });
});

test('a single event that the database rejects leaves nothing, and its id stays free', async () => {
  await withDatabases(1, async (database) => {
    const draft = { id: 'a', occurred: null, event: 'x', resource_id: 'r', resource_labels: {}, related: [], payload: null, follows: null };
    for (const invalid of [{ event: null }, { resource_labels: null }, { related: null }, { occurred: 'never' }]) {
      await expect(append(database!, [{ ...draft, ...invalid }])).rejects.toThrow(/null value|invalid input syntax/);
    }
    await expect(append(database!, [{ ...draft, id: null }])).rejects.toThrow('null value');
    expect((await append(database!, [draft])).appended).toMatchObject([{ created: true }]);
    expect((await append(database!, [draft])).appended).toMatchObject([{ created: false, differing: [] }]);
  });
});

test('single events with one id at a time are stored once, whatever the others contain', async () => {
  await withDatabases(1, async (database) => {
    const draft = { occurred: null, event: 'x', resource_id: 'r', resource_labels: {}, related: [], payload: null, follows: null };
    for (let round = 0; round < 20; round += 1) {
      const results = await Promise.all(
        Array.from({ length: 6 }, (_, n) => append(database!, [{ ...draft, id: `same-${round}`, event: n % 2 === 0 ? 'x' : 'y' }])),
      );
      const all = results.map(({ appended }) => appended[0]!);
      expect(all.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(all.map(({ position }) => position)).size).toBe(1);
      const first = all.findIndex(({ created }) => created) % 2;
      expect(all.map(({ differing }) => differing)).toEqual(all.map((_, n) => (n % 2 === first ? [] : ['event'])));
    }
  });
});
