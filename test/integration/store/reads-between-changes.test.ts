import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCountBy } from '../../../src/counts/dimensions.ts';
import { allButPayload } from '../../../src/event/event.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { pruningPredicateOf } from '../../../src/skip-index/prune-filter.ts';
import { readCounts } from '../../../src/store/counts/count-events.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { readPagesByBlockScan } from '../../../src/store/queries/block-scan.ts';
import { countMatches } from '../../../src/store/queries/count-matches.ts';
import { everyEvent, type PageRequest, type PageScope } from '../../../src/store/queries/page-request.ts';
import { storeRowGroup } from '../../../src/store/skip-index/row-groups.ts';
import { judgePages } from '../../oracle/reads/page-verdict.ts';
import { afterStatements } from '../../support/database/after-statements.ts';
import { removeEvents } from '../../support/database/remove-events.ts';
import { withoutMemory } from '../../support/database/without-memory.ts';
import {
  isInScope,
  oraclePage,
  pageOfRows,
  pagePositionOf,
  question,
  scopeKeys,
  smallLimits,
  storedEvents,
  time,
} from '../../support/oracles/page-questions.ts';
import { logOf, randomEvents } from '../../support/oracles/random-log.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';
import { indexEvents, rowGroupsOf } from '../../support/skip-index.ts';

const seed = testSeed();
const questions = Number(process.env['TIDINGS_PAGES'] ?? 40);

test(
  'counts and pages are right while row groups are stored between their statements',
  async () => {
    await using log = await logOf(randomEvents({ seed, count: storedEvents }, time), [250_000, 5000, 5000, 5000, 5000]);
    const { settings, events, head } = log;
    const rowGroups = [...rowGroupsOf(events, { block: 3, rowGroup: 24 })];
    let storedBetween = 0;
    /** Reads without memory, first with some row groups, and then with one more after each statement. */
    const read = async <T>(reading: (database: Database) => Promise<T>): Promise<T> => {
      for (const table of ['digests', 'digest_chapters', 'chapter_columns'])
        await log.database.rows(sql.raw(`delete from tidings.${table}`));
      let stored = storedBetween % 4;
      for (const rowGroup of rowGroups.slice(0, stored)) await storeRowGroup(log.database, rowGroup);
      let storing: Promise<unknown> = Promise.resolve();
      const indexed = afterStatements(withoutMemory(log.database), async () => {
        const next = rowGroups[stored++];
        // One after the other, as an indexer does.
        if (next !== undefined) await (storing = storing.then(() => storeRowGroup(log.database, next)));
        storedBetween += 1;
      });
      return reading(indexed);
    };
    for (const [index, sampled] of fc.sample(question, { seed, numRuns: questions }).entries()) {
      const filter = parseFilter(sampled.filter, ['filter'], settings);
      const predicate = pruningPredicateOf(filter);
      const { order, backward, limit } = sampled;
      const scope: PageScope = sampled.scope === 'ANY' || sampled.scope === 'RELATED' ? sampled.scope : 'EVERYTHING';
      const keys = scope === 'EVERYTHING' ? [''] : scopeKeys;
      const description = JSON.stringify(sampled);
      const matching = events.filter((event) => matches(filter, event));

      const counting = { scope, keys, predicate, candidates: [0, 0, 30][index % 3]!, initialBlocks: 5 };
      const counted = await read((database) => countMatches(database, { filter, order, head, max: 1000 }, counting));
      const dimensions = parseCountBy([{ event: {} }], ['by']);
      const options = { initialBlocks: 5, maxRareEvents: [0, 0, 30][index % 3]! };
      const table = await read((database) => readCounts(database, { filter, dimensions, head }, options));
      expect(table.total, description).toBe(matching.length);

      const after = sampled.after === null ? {} : { after: pagePositionOf(events[sampled.after]!, order) };
      const request: PageRequest = { filter, order, head, limit, backward, ...after };
      const scan = { scope, keys, predicate, parts: allButPayload, limits: smallLimits };
      const pages = await read((database) => readPagesByBlockScan(database, request, scan));
      for (const [n, key] of keys.entries()) {
        const wanted = oraclePage(
          matching.filter((event) => isInScope(event, scope, key)),
          request,
        );
        expect(counted[n], description).toBe(wanted.count);
        expect(pageOfRows(pages[n]!, request), description).toEqual(wanted.page);
      }
    }
    expect(storedBetween).toBeGreaterThan(questions * 3);
  },
  60_000 + questions * 400,
);

test(
  'counts and pages are those of the kept events, whatever was remembered, while events are removed between their statements',
  async () => {
    await using log = await logOf(randomEvents({ seed, count: storedEvents }, time), [250_000, 5000, 5000, 5000, 5000]);
    const { settings, events, head, database } = log;
    await indexEvents(database, events.slice(0, 220), { block: 3, rowGroup: 24 });
    await database.rows(sql`create table saved as select * from tidings.events`);
    const restore = async (): Promise<void> => {
      await database.rows(sql`insert into tidings.events select * from saved on conflict do nothing`);
      await database.rows(sql`update tidings.retention set log_start = 0`);
    };
    let removals = 0;
    for (const [index, sampled] of fc.sample(question, { seed, numRuns: questions }).entries()) {
      const filter = parseFilter(sampled.filter, ['filter'], settings);
      const predicate = pruningPredicateOf(filter);
      const { order, backward, limit } = sampled;
      const max = [5, 1000, 1000][index % 3]!;
      const last = events[(index * 37) % 200]!.position;
      const program = withoutMemory(database);
      const counting = { ...everyEvent, predicate, candidates: [0, 2000][index % 2]!, initialBlocks: 5 };
      const scan = { ...everyEvent, predicate, parts: allButPayload, limits: smallLimits };
      const request: PageRequest = { filter, order, head, limit, backward };
      const count = (some: Database) => countMatches(some, { filter, order, head, max }, counting);
      const page = (some: Database) => readPagesByBlockScan(some, request, scan);
      await restore();
      if (index % 3 > 0) await Promise.all([count(program), page(program)]);
      /** Reads, and removes events after one of the statements. */
      const read = async <T>(after: number, reading: (some: Database) => Promise<T>): Promise<T> => {
        await restore();
        let statements = 0;
        const pruned = afterStatements(program, async () => {
          statements += 1;
          if (statements !== after) return;
          removals += 1;
          await removeEvents(database, last);
        });
        return reading(pruned);
      };
      const all = events.filter((event) => matches(filter, event));
      const kept = all.filter(({ position }) => position > last);
      for (const after of [1, 2, 3, 4, 6]) {
        const removalsBefore = removals;
        const [counted = 0] = await read(after, count);
        if (removals > removalsBefore) expect(await count(program), 'what was remembered').toEqual([Math.min(kept.length, max + 1)]);
        const [rows = []] = await read(after, page);
        const description = JSON.stringify({ ...sampled, after, last });
        expect(counted, description).toBeLessThanOrEqual(all.length);
        const positions = rows.slice(0, limit).map(({ position }) => Number(position));
        const judged = {
          read: { order, backward, limit, max },
          heads: [head, head] as const,
          positions,
          more: rows.length > limit,
          counted: { count: Math.min(counted, max), exceeded: counted > max },
        };
        expect(judgePages([judged], { matches: kept, logStart: last }), description).toEqual([]);
      }
    }
    expect(removals).toBeGreaterThan(questions);
  },
  60_000 + questions * 1000,
);
