import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCountBy } from '../../../src/counts/dimensions.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { pruningPredicateOf } from '../../../src/skip-index/prune-filter.ts';
import { readCounts } from '../../../src/store/counts/count-events.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { unbounded } from '../../../src/store/database/read-budget.ts';
import { countMatches } from '../../../src/store/queries/count-matches.ts';
import { everyEvent } from '../../../src/store/queries/page-request.ts';
import { readPages } from '../../../src/store/queries/pages.ts';
import { storeRowGroup } from '../../../src/store/skip-index/row-groups.ts';
import { inOrder } from '../../support/oracles/plain-order.ts';
import { anyFilter, bloomFiltered } from '../../support/oracles/random-filters.ts';
import { logOf, randomEvents } from '../../support/oracles/random-log.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';
import { rowGroupsOf } from '../../support/skip-index.ts';

const seed = testSeed();
const time = fc.integer({ min: 0, max: 59 }).map((s) => `2026-01-01T00:00:${String(s).padStart(2, '0')}Z`);

test('counts and pages are right while row groups are stored between their statements', async () => {
  await using log = await logOf(randomEvents({ seed, count: 240 }, time));
  const { settings, events, head } = log;
  const rowGroups = [...rowGroupsOf(events, { block: 3, rowGroup: 20 })];
  const sampled = [...fc.sample(bloomFiltered, { seed, numRuns: 12 }), ...fc.sample(anyFilter, { seed, numRuns: 12 })];
  let storedBetween = 0;
  for (const input of sampled) {
    const filter = parseFilter(input, ['filter'], settings);
    const expected = events.filter((event) => matches(filter, event));
    /** Reads without memory, first with some row groups, and then with one more after each statement. */
    const read = async <T>(reading: (database: Database) => Promise<T>): Promise<T> => {
      for (const table of ['digests', 'digest_chapters', 'chapter_columns'])
        await log.database.rows(sql.raw(`delete from tidings.${table}`));
      for (const rowGroup of rowGroups.slice(0, 2)) await storeRowGroup(log.database, rowGroup);
      let stored = 2;
      let storing: Promise<unknown> = Promise.resolve();
      return reading({
        ...log.database,
        identity: {},
        async rows<Row>(...statement: Parameters<Database['rows']>) {
          const rows = await log.database.rows<Row>(...statement);
          const next = rowGroups[stored++];
          // One after the other, as an indexer does.
          if (next !== undefined) await (storing = storing.then(() => storeRowGroup(log.database, next)));
          storedBetween += 1;
          return rows;
        },
      });
    };
    const predicate = pruningPredicateOf(filter);
    const request = { filter, order: 'LOG', head, max: 1000 } as const;
    const counting = { ...everyEvent, predicate, candidates: 0, initialBlocks: 5 };
    const counted = await read((database) => countMatches(database, request, counting));
    expect(counted, JSON.stringify(input)).toEqual([expected.length]);
    const dimensions = parseCountBy([{ event: {} }], ['by']);
    const table = await read((database) => readCounts(database, { filter, dimensions, head }, { initialBlocks: 5, maxRareEvents: 0 }));
    expect(table.total, JSON.stringify(input)).toBe(expected.length);
    for (const order of ['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'] as const) {
      const page = { filter, order, head, limit: 30, backward: false };
      const [found] = await read((database) => readPages(database, page, { ...everyEvent, budget: unbounded }));
      const first = inOrder(expected, order).slice(0, 30);
      expect(
        found!.events.map(({ id }) => id),
        JSON.stringify({ input, order }),
      ).toEqual(first.map(({ id }) => id));
    }
  }
  expect(storedBetween).toBeGreaterThan(200);
});
