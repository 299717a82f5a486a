import { unbounded } from '../../../src/store/database/read-budget.ts';
import * as fc from 'fast-check';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { allButPayload, type StoredEvent } from '../../../src/event/event.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { pruningPredicateOf } from '../../../src/skip-index/prune-filter.ts';
import { always } from '../../../src/skip-index/pruning-predicate.ts';
import { databaseClock } from '../../../src/store/database/clock.ts';
import { readPartitions } from '../../../src/store/retention/partitions.ts';
import { removePartition } from '../../../src/store/retention/remove-partition.ts';
import { readPagesByBlockScan } from '../../../src/store/queries/block-scan.ts';
import { countMatches } from '../../../src/store/queries/count-matches.ts';
import type { PageRequest, PageBound } from '../../../src/store/queries/page-request.ts';
import { countEvents, readPages } from '../../../src/store/queries/pages.ts';
import { withoutMemory } from '../../support/database/without-memory.ts';
import {
  frequent,
  isInScope,
  oraclePage,
  orders,
  pageOfRows,
  pagePositionOf,
  pairOfConditions,
  question,
  scopeKeys,
  smallLimits,
  storedEvents,
  time,
} from '../../support/oracles/page-questions.ts';
import { bloomFiltered } from '../../support/oracles/random-filters.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { logOf, randomEvents } from '../../support/oracles/random-log.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
const questions = Number(process.env['TIDINGS_PAGES'] ?? 160);

test(
  'a page read by block scan equals that of an ordered scan of all events, in every order and direction',
  async () => {
    // So that events are in several extents of either size.
    await using log = await logOf(randomEvents({ seed, count: storedEvents }, time), [250_000, 5000, 5000, 5000, 5000]);
    const { settings, database, events, head } = log;
    expect(events).toHaveLength(storedEvents);

    // First unindexed, then partly, then mostly indexed.
    for (const [round, indexedTo] of [0, 100, 220].entries()) {
      const from = [0, 0, 100][round]!;
      await indexEvents(database, events.slice(from, indexedTo), round === 1 ? { block: 8, rowGroup: 40 } : { block: 3, rowGroup: 24 });
      for (const sampled of fc.sample(question, { seed: seed + round, numRuns: questions })) {
        const filter = parseFilter(sampled.filter, ['filter'], settings);
        const { order, backward, limit, scope } = sampled;
        const positionAt = (n: number | null): PageBound | undefined => (n === null ? undefined : pagePositionOf(events[n]!, order));
        const [after, before] = [positionAt(sampled.after), positionAt(sampled.before)];
        const request: PageRequest = { filter, order, head, limit, backward, ...(after && { after }), ...(before && { before }) };
        const keys = scope === 'EVERYTHING' ? [''] : scopeKeys;
        const pages = await readPages(database, request, { scope, keys, budget: unbounded });
        const counts = await countEvents(database, { filter, order, head, max: 30 }, { scope, keys });
        const byRanges = await countMatches(
          withoutMemory(database),
          { filter, order, head, max: limit },
          { scope, keys, predicate: always, initialBlocks: [4, 9, 25][limit % 3]!, candidates: 3 },
        );
        const predicate = pruningPredicateOf(filter);
        const readByWindows = () =>
          readPagesByBlockScan(database, request, { scope, keys, predicate, parts: allButPayload, limits: smallLimits });
        const byWindows = scope === 'FOLLOWS' || scope === 'PRIMARY' ? null : await readByWindows();
        // A filter that was common begins with blocks.
        const again = byWindows !== null && limit === 7 ? await readByWindows() : byWindows;
        for (const [n, key] of keys.entries()) {
          const wanted = oraclePage(
            events.filter((event) => matches(filter, event) && isInScope(event, scope, key)),
            request,
          );
          const description = `round ${round}, key ${key}, ${JSON.stringify(sampled)}`;
          expect({ ids: pages[n]!.events.map(({ id }) => id), more: pages[n]!.more }, description).toEqual(wanted.page);
          if (byWindows !== null) expect(pageOfRows(byWindows[n]!, request), description).toEqual(wanted.page);
          if (again !== null) expect(pageOfRows(again[n]!, request), description).toEqual(wanted.page);
          expect(counts[n], description).toBe(Math.min(31, wanted.count));
          expect(byRanges[n], description).toBe(Math.min(limit + 1, wanted.count));
        }
      }
    }
    console.log(`pages: ${3 * questions} questions over ${storedEvents} events`);
  },
  60_000 + questions * 200,
);

test(
  'a page whose events are all in far partitions equals that of an ordered scan, in every order and direction',
  async () => {
    const nameIn = (n: number): string => (n < 50 ? (n % 3 === 0 ? 'far' : 'first') : n < 100 ? 'first' : n < 200 ? 'middle' : 'near');
    const nameLists = [['far'], ['first'], ['middle'], ['near'], ['far', 'near']];
    const second = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
    // Five partitions, and three of which the last has several extents of either size.
    // A block has events on both sides of the first edge. In the second log, one before the edge occurred late.
    for (const [partitions, unused, late] of [
      [5, [], 49],
      [3, [0, 0, 0, 5000, 300_000], 120],
    ] as const) {
      await using log = await logOf(
        randomEvents({ seed, count: 250 }, time, (_, n) => ({ event: nameIn(n), occurred: second(n === 49 ? late : n) })),
        unused,
        partitions,
      );
      const { settings, database, events, head } = log;
      await indexEvents(database, events.slice(0, 240), { block: 3, rowGroup: 24 });
      const checkPages = async (kept: readonly StoredEvent[], runs: number): Promise<void> => {
        const whole = {
          limit: 1000,
          after: null,
          before: null,
          scope: 'EVERYTHING',
          names: ['far', 'first'] as readonly string[],
          visible: {},
        } as const;
        const cases = [
          ...orders.flatMap((order) => [false, true].map((backward) => ({ ...whole, order, backward }))),
          ...fc
            .sample(fc.tuple(question, fc.oneof(fc.constant({}), frequent)), { seed, numRuns: runs })
            .map(([each, visible], n) => ({ ...each, visible, names: nameLists[n % nameLists.length]! })),
        ];
        for (const [number, { order, backward, limit, after, before, scope: sampledScope, names, visible }] of cases.entries()) {
          // By the content index, or by Bloom filters: in few blocks, or in too many.
          const named = [{ in: names }, { like: names.map((name) => `*${name}*`) }, { in: names }, { startsWith: names }][number % 4]!;
          const some = { ...smallLimits, fewBlocks: names.includes('middle') || names.includes('near') ? 6 : 40 };
          const filter = parseFilter({ and: [{ event: named }, visible] }, ['filter'], settings);
          const scope = sampledScope === 'ANY' || sampledScope === 'RELATED' ? sampledScope : 'EVERYTHING';
          const keys = scope === 'EVERYTHING' ? [''] : scopeKeys;
          const request: PageRequest = {
            filter,
            order,
            head,
            limit,
            backward,
            ...(after !== null && { after: pagePositionOf(events[after]!, order) }),
            ...(before !== null && { before: pagePositionOf(events[before]!, order) }),
          };
          const scan = { scope, keys, predicate: pruningPredicateOf(filter), parts: allButPayload, limits: some } as const;
          // Asked again, a filter that is common skips what the index finds empty.
          for (const asked of scope === 'EVERYTHING' ? [1, 2] : [1]) {
            const pages = await readPagesByBlockScan(database, request, scan);
            for (const [n, key] of keys.entries()) {
              const wanted = oraclePage(
                kept.filter((event) => matches(filter, event) && isInScope(event, scope, key)),
                request,
              );
              const description = `asked ${asked}, key ${key}, ${JSON.stringify(request)}`;
              expect(pageOfRows(pages[n]!, request), description).toEqual(wanted.page);
            }
          }
        }
      };
      await checkPages(events, questions / 2);
      // A block at the new start has removed events, whose times it keeps.
      const clock = databaseClock(database);
      const [oldest, next] = await readPartitions(database, clock);
      await removePartition(database, oldest!.first, { at: await clock(), lockTimeoutMs: 10_000 });
      await checkPages(
        events.filter(({ position }) => position >= next!.first),
        questions / 4,
      );
    }
  },
  60_000 + questions * 800,
);

test(
  'a count by columns equals that of all events, also where columns are missing',
  async () => {
    await using log = await logOf(randomEvents({ seed, count: 900 }, time));
    const { settings, database, events, head } = log;
    await indexEvents(database, events.slice(0, 880), { block: 3, rowGroup: 24 });
    // As if half of the columns had too many values.
    await database.rows(sql`update tidings.chapter_columns set "values" = null, value_of = null where chapter % 48 = 0`);
    const conditions = fc.oneof(
      pairOfConditions,
      bloomFiltered.map((each) => [each]),
      fc.tuple(bloomFiltered, frequent),
    );
    for (const some of fc.sample(conditions, { seed, numRuns: questions / 4 })) {
      const filter = parseFilter({ and: [...some] }, ['filter'], settings);
      const request = { filter, order: 'LOG', head, max: 1000 } as const;
      for (const predicate of [always, pruningPredicateOf(filter)]) {
        const [count] = await countMatches(withoutMemory(database), request, { scope: 'EVERYTHING', keys: [''], predicate, candidates: 0 });
        expect(count, JSON.stringify(some)).toBe(events.filter((event) => matches(filter, event)).length);
      }
    }
  },
  60_000 + questions * 100,
);

test(
  'a partition without the index of the events gives the same pages',
  async () => {
    await using log = await logOf(randomEvents({ seed, count: storedEvents }, time));
    const { settings, database, events, head } = log;
    await indexEvents(database, events.slice(0, 220), { block: 3, rowGroup: 24 });
    await database.rows(sql`update pg_index set indisvalid = false where indexrelid = 'tidings.events_0_by_content'::regclass`);
    for (const sampled of fc.sample(question, { seed, numRuns: questions / 4 })) {
      const filter = parseFilter(sampled.filter, ['filter'], settings);
      const { order, backward, limit, scope } = sampled;
      const request: PageRequest = { filter, order, head, limit, backward };
      const keys = scope === 'EVERYTHING' ? [''] : scopeKeys;
      const pages = await readPages(database, request, { scope, keys, budget: unbounded });
      for (const [n, key] of keys.entries()) {
        const inScope = events.filter((event) => matches(filter, event) && isInScope(event, scope, key));
        expect({ ids: pages[n]!.events.map(({ id }) => id), more: pages[n]!.more }, JSON.stringify(sampled)).toEqual(
          oraclePage(inScope, request).page,
        );
      }
    }
  },
  60_000 + questions * 100,
);
