import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { pruningPredicateOf } from '../../../src/skip-index/prune-filter.ts';
import { always } from '../../../src/skip-index/pruning-predicate.ts';
import { readFewBlocks, readFirstWindows, readWindow } from '../../../src/store/queries/block-windows.ts';
import type { PageRequest } from '../../../src/store/queries/page-request.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { bloomFiltered } from '../../support/oracles/random-filters.ts';
import { logOf, randomEvents } from '../../support/oracles/random-log.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
const orders = ['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'] as const;
const time = fc.integer({ min: 0, max: 59 }).map((s) => `2026-01-01T00:00:${String(s).padStart(2, '0')}Z`);

test('few blocks are those that a search in order finds, and none if there are more', async () => {
  await using log = await logOf(randomEvents({ seed, count: 240 }, time));
  const { settings, database, events, head } = log;
  await indexEvents(database, events.slice(0, 220), { block: 3, rowGroup: 24 });
  for (const [n, sampled] of fc.sample(bloomFiltered, { seed, numRuns: 30 }).entries()) {
    const filter = parseFilter(sampled, ['filter'], settings);
    const predicate = pruningPredicateOf(filter);
    const request: PageRequest = { filter, order: orders[n % 3]!, head, limit: 10, backward: n % 2 === 0 };
    const first = await readFirstWindows(database, request, { predicate: always, to: head });
    const inOrder = await readWindow(database, request, { predicate, from: first.windows[0].blocks[0]!, size: 240 });
    const few = await readFewBlocks(database, request, { predicate, max: inOrder.blocks.length });
    expect(few?.windows.flatMap(({ blocks }) => blocks)).toEqual(inOrder.blocks);
    expect(few?.windows.at(-1)?.next).toBeNull();
    expect(few?.unindexed).toEqual(first.unindexed);
    expect(await readFewBlocks(database, request, { predicate, max: inOrder.blocks.length - 1 })).toBeNull();
  }
});
