import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allButPayload, type StoredEvent } from '../../../src/event/event.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { always } from '../../../src/skip-index/pruning-predicate.ts';
import { readPagesByBlockScan } from '../../../src/store/queries/block-scan.ts';
import { defaultSearchLimits } from '../../../src/store/queries/index-search.ts';
import { everyEvent } from '../../../src/store/queries/page-request.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { indexConditionOf } from '../../../src/store/filter-sql/index-condition.ts';
import { anyFilter } from '../../support/oracles/random-filters.ts';
import { logOf, randomEvents } from '../../support/oracles/random-log.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();

const related = [
  { id: 'acme.user.kiki', role: 'actor', labels: { team: 'red' } },
  { id: 'acme.user.koko', role: 'owner' },
];
/** Which of these events a filter finds is known. */
const known = [
  { event: 'acme.order.shipped', resource: { id: 'acme.order.1', labels: { region: 'eu' } }, payload: { list: ['x', { deep: [1, 'y'] }] } },
  { event: 'acme.order.paid', resource: { id: 'acme.order.2', labels: { 'prefect.name': 'Second' } }, related },
  { event: 'acme', resource: { id: 'r' }, payload: { list: { 0: 'x', 1: 'z' }, nothing: null, n: 1.5, flag: false } },
];

let log: Awaited<ReturnType<typeof logOf>>;
beforeAll(async () => {
  const events = randomEvents({ seed, count: 120 }, fc.constant('2026-01-01T00:00:00Z'));
  log = await logOf([...known, ...events]);
});
afterAll(() => log[Symbol.asyncDispose]());

async function foundBy(
  input: EventFilterInput,
): Promise<{ readonly found: readonly string[]; readonly matching: readonly string[] } | null> {
  const { settings, database, events } = log;
  const filter = parseFilter(input, ['filter'], settings);
  const condition = indexConditionOf(filter);
  if (condition === null) return null;
  const rows = await database.rows<{ id: string }>(sql`select e.id from tidings.events e where ${condition.met} order by e.position`);
  return { found: rows.map(({ id }) => id), matching: idsOf(events.filter((event) => matches(filter, event))) };
}

const idsOf = (events: readonly StoredEvent[]): readonly string[] => events.map(({ id }) => id);

test('every event that matches a filter meets its index condition', async () => {
  let served = 0;
  for (const input of fc.sample(anyFilter, { seed, numRuns: 400 })) {
    const result = await foundBy(input);
    if (result === null) continue;
    served += 1;
    expect(
      result.matching.filter((id) => !result.found.includes(id)),
      JSON.stringify(input),
    ).toEqual([]);
  }
  expect(served).toBeGreaterThan(80);
}, 60_000);

test.each<[string, EventFilterInput, readonly string[]]>([
  ['a name', { event: { in: ['acme.order.shipped'] } }, ['e0']],
  ['the beginning of a name', { event: { startsWith: ['acme.order.s'] } }, ['e0', 'e1']],
  ['a short beginning of a name', { event: { startsWith: ['acme'] } }, ['e0', 'e1', 'e2']],
  ['a glob of names', { event: { like: ['acme.order.s*'] } }, ['e0', 'e1']],
  ['a glob without wildcards', { event: { like: ['acme.order.\\paid'] } }, ['e1']],
  ['an id', { resource: { id: { in: ['acme.order.2', 'none'] } } }, ['e1']],
  ['a label', { resource: { labels: [{ key: 'region', in: ['eu', 'us'] }] } }, ['e0']],
  ['a name by its other label', { resource: { labels: [{ key: 'prefect.resource.name', in: ['Second'] }] } }, ['e1']],
  ['a related id and role', { related: [{ id: { in: ['acme.user.kiki'] }, role: ['actor'] }] }, ['e1']],
  ['a label of a related resource', { related: [{ labels: [{ key: 'team', in: ['red'] }] }] }, ['e1']],
  ['any resource', { anyResource: [{ id: { in: ['acme.user.koko', 'acme.order.1'] } }] }, ['e0', 'e1']],
  ['a payload value by an index or a key', { payload: [{ path: 'list.0', eq: 'x' }] }, ['e0', 'e2']],
  ['a payload value by two indexes', { payload: [{ path: 'list.1.deep.1', eq: 'y' }] }, ['e0']],
  ['a payload value of any element', { payload: [{ path: 'list.*', in: ['x', 'q'] }] }, ['e0']],
  ['JSON null', { payload: [{ path: 'nothing', eq: null }] }, ['e2']],
  ['a number', { payload: [{ path: 'n', eq: 1.5 }] }, ['e2']],
  ['alternatives', { or: [{ event: { in: ['acme'] } }, { payload: [{ path: 'list.1.deep.0', eq: 1 }] }] }, ['e0', 'e2']],
  ['all of several', { event: { in: ['acme'] }, payload: [{ path: 'flag', eq: false }] }, ['e2']],
])('the index finds %s, and little else', async (_name, input, wanted) => {
  const result = await foundBy(input);
  expect(result!.found.filter((id) => ['e0', 'e1', 'e2'].includes(id))).toEqual(wanted);
});

test('a page in the order of the log has ids that only unindexed events have', async () => {
  const ids = [...Array.from({ length: 7 }, () => 'q'), 'p.1', 'p.2', 'p.1'];
  await using own = await logOf(ids.map((id) => ({ event: 'a', resource: { id } })));
  const { settings, database, events, head } = own;
  await indexEvents(database, events.slice(0, 8), { block: 1, rowGroup: 1 });
  const filter = parseFilter({ resource: { id: { startsWith: ['p.'] } } }, ['filter'], settings);
  // So small that the whole log is searched.
  const limits = { ...defaultSearchLimits, windowBlocks: 2, minWindowBlocks: 2 };
  for (const limit of [1, 2, 3]) {
    const request = { filter, order: 'LOG', head, limit, backward: false } as const;
    const [rows] = await readPagesByBlockScan(database, request, { ...everyEvent, predicate: always, parts: allButPayload, limits });
    expect(rows!.map((row) => row.resource_id)).toEqual(['p.1', 'p.2', 'p.1'].slice(0, limit + 1));
  }
});
