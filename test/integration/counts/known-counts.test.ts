import { PgDialect } from 'drizzle-orm/pg-core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { pruningPredicateOf } from '../../../src/skip-index/prune-filter.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { countMatches } from '../../../src/store/queries/count-matches.ts';
import { everyEvent, type CountRequest } from '../../../src/store/queries/page-request.ts';
import { searchMemoryOf } from '../../../src/store/queries/search-memory.ts';
import { afterStatements } from '../../support/database/after-statements.ts';
import { removeEvents } from '../../support/database/remove-events.ts';
import { timeInMinute } from '../../support/oracles/page-questions.ts';
import { anyFilter } from '../../support/oracles/random-filters.ts';
import { logOf, randomEvents } from '../../support/oracles/random-log.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { draftOf } from '../../unit/support/valid-event.ts';

const seed = testSeed();
const dialect = new PgDialect();

test('counts are those of plain matches, whatever was remembered, while the log grows and loses events', async () => {
  await using log = await logOf(randomEvents({ seed, count: 240 }, timeInMinute));
  const { settings, database, events } = log;
  const filters = fc.sample(anyFilter, { seed, numRuns: 40 }).map((each) => parseFilter(each, ['filter'], settings));
  let removed = 0;
  for (const [step, end] of [60, 90, 120, 180, 210].entries()) {
    if (step === 1) await indexEvents(database, events.slice(1, 81), { block: 3, rowGroup: 20 });
    if (step === 3) await indexEvents(database, events.slice(81, 161), { block: 3, rowGroup: 20 });
    for (const [n, filter] of filters.entries()) {
      for (const [end_, max] of [
        [end, 5],
        [end, 1000],
        [end - 9, 1000],
        [end - 9, 5],
        [end + 20, 5],
        [end + 20, 1000],
        [end, 30],
      ] as const) {
        const head = events[end_ - 1]!.position;
        const expected = events.filter((event, index) => index >= removed && index < end_ && matches(filter, event)).length;
        const description = JSON.stringify({ step, n, end: end_, max });
        expect(await countOf(database, { filter, order: 'LOG', head, max }, n % 2 === 0 ? 0 : 2000), description).toBe(
          Math.min(expected, max + 1),
        );
      }
    }
    removed = step * 10 + 1;
    await removeEvents(database, events[removed - 1]!.position);
  }
  expect(searchMemoryOf(database).counts.size).toBeGreaterThan(20);
});

test('a count is repeated by one statement, until many events are stored or some are removed', async () => {
  const event = (n: number) => ({ event: 'e', resource: { id: 'r' }, payload: { text: n % 2 === 0 ? 'a needle' : 'hay' } });
  await using log = await logOf(Array.from({ length: 40 }, (_, n) => event(n)));
  let statements = 0;
  let afterCounting = async (): Promise<void> => {};
  const database = afterStatements(log.database, async (statement) => {
    statements += 1;
    if (dialect.sqlToQuery(statement).sql.includes('select k.n, c.count')) await afterCounting();
  });
  const filter = parseFilter({ text: 'needle' }, ['filter'], log.settings);
  const count = async (max: number, head?: Position): Promise<readonly [count: number, isKnown: boolean]> => {
    const request = { filter, order: 'LOG', head: head ?? (await readHead(log.database)), max } as const;
    statements = 0;
    return [await countOf(database, request), statements === 1];
  };
  let stored = 40;
  const store = async (more: number): Promise<void> => {
    const drafts = Array.from({ length: more }, (_, n) => draftOf({ ...event(stored + n), id: `more ${stored + n}` }));
    await appendEvents(log.database, drafts, 'REJECT_ALL');
    stored += more;
  };
  expect(await count(10)).toEqual([11, false]);
  expect(await count(10)).toEqual([11, true]);
  expect(await count(100), 'no count ended there').toEqual([20, false]);
  expect(await count(100)).toEqual([20, true]);
  expect(await count(10)).toEqual([11, true]);
  expect(await count(100, log.events[19]!.position), 'an earlier head').toEqual([10, false]);
  await store(100);
  expect(await count(1000)).toEqual([70, true]);
  expect(await count(60)).toEqual([61, true]);
  await store(4100);
  expect(await count(60), 'later events do not matter').toEqual([61, true]);
  expect(await count(5000)).toEqual([2120, false]);
  await removeEvents(log.database, log.events[4]!.position);
  expect(await count(5000)).toEqual([2117, false]);
  expect(await count(5000)).toEqual([2117, true]);
  // Events that are removed while they are counted.
  searchMemoryOf(log.database).counts.clear();
  afterCounting = () => removeEvents(log.database, log.events[9]!.position);
  expect(await count(5000)).toEqual([2117, false]);
  expect(await count(5000)).toEqual([2115, false]);
});

/** Without `candidates` of the index of the events, by columns or blocks. */
async function countOf(database: Database, request: CountRequest, candidates = 0): Promise<number> {
  const [count] = await countMatches(database, request, { ...everyEvent, predicate: pruningPredicateOf(request.filter), candidates });
  return count!;
}
