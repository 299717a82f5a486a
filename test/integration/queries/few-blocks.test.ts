import { sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { origin, type Position } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { pruningPredicateOf } from '../../../src/skip-index/prune-filter.ts';
import { always } from '../../../src/skip-index/pruning-predicate.ts';
import { readFewBlocks, readFirstWindows, readWindow } from '../../../src/store/queries/block-windows.ts';
import { unbounded } from '../../../src/store/database/read-budget.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { everyEvent, type PageRequest } from '../../../src/store/queries/page-request.ts';
import { readPages } from '../../../src/store/queries/pages.ts';
import { searchMemoryOf } from '../../../src/store/queries/search-memory.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { inOrder } from '../../support/oracles/plain-order.ts';
import { timeInMinute } from '../../support/oracles/page-questions.ts';
import { anyFilter, bloomFiltered } from '../../support/oracles/random-filters.ts';
import { logOf, randomEvents } from '../../support/oracles/random-log.ts';
import { draftOf } from '../../unit/support/valid-event.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
const orders = ['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'] as const;

test('few blocks are those that a search in order finds, and none if there are more', async () => {
  await using log = await logOf(randomEvents({ seed, count: 240 }, timeInMinute));
  const { settings, database, events, head } = log;
  const filters = fc.sample(bloomFiltered, { seed, numRuns: 30 }).map((sampled) => parseFilter(sampled, ['filter'], settings));
  const requests = filters.map((filter, n): PageRequest => ({ filter, order: orders[n % 3]!, head, limit: 10, backward: n % 2 === 0 }));
  await indexEvents(database, events.slice(0, 220), { block: 3, rowGroup: 24 });
  for (const [n, request] of requests.entries()) {
    const predicate = pruningPredicateOf(request.filter);
    const { position, occurred } = events[7 * n]!;
    const after = { position, ...(request.order !== 'LOG' && { occurred }) };
    for (const page of [request, { ...request, after }]) {
      const first = await readFirstWindows(database, page, { predicate: always, to: head });
      const [from] = first.windows[0].blocks;
      const inOrder = from === undefined ? [] : (await readWindow(database, page, { predicate, from, size: 240 })).blocks;
      const few = await readFewBlocks(database, page, { predicate, max: inOrder.length });
      expect(few?.windows.flatMap(({ blocks }) => blocks)).toEqual(inOrder);
      expect(few?.windows.at(-1)?.next).toBeNull();
      expect(few?.unindexed).toEqual(first.unindexed);
      if (inOrder.length > 0) expect(await readFewBlocks(database, page, { predicate, max: inOrder.length - 1 })).toBeNull();
    }
  }
});

test('pages find the same with what earlier pages of the filter have found', async () => {
  await using log = await logOf(randomEvents({ seed, count: 240 }, timeInMinute));
  const { settings, database, events } = log;
  const filters = fc.sample(bloomFiltered, { seed, numRuns: 20 }).map((sampled) => parseFilter(sampled, ['filter'], settings));
  let indexed = 0;
  const check = async (head: Position): Promise<void> => {
    for (const [n, filter] of filters.entries()) {
      const order = orders[n % 3]!;
      const { position, occurred } = events[11 * n]!;
      const after = { position, ...(order !== 'LOG' && { occurred }) };
      const found = async (bounds: Pick<PageRequest, 'after' | 'before'>, limit = 1000): Promise<readonly string[]> => {
        const request = { filter, order, head, limit, backward: false, ...bounds };
        const [page] = await readPages(database, request, { ...everyEvent, budget: unbounded });
        return page!.events.map(({ id }) => id);
      };
      const [later, earlier, all] = [await found({ after }), await found({ before: after }), await found({})];
      const expected = events.filter((event) => event.position <= head && matches(filter, event)).map(({ id }) => id);
      expect(all.toSorted()).toEqual(expected.toSorted());
      expect(await found({})).toEqual(all);
      expect(await found({}, 3)).toEqual(all.slice(0, 3));
      expect(await found({}, all.length)).toEqual(all);
      expect([...earlier, ...later]).toEqual(all.filter((id) => id !== events[11 * n]!.id));
    }
  };
  for (const end of [60, 120, 180]) {
    await indexEvents(database, events.slice(indexed, end), { block: 3, rowGroup: 24 });
    indexed = end;
    await check(events[end - 10]!.position);
    await check(events[end + 20]!.position);
  }
});

test('first pages are those of a plain search, whatever was remembered, while the log grows and loses events', async () => {
  await using log = await logOf(randomEvents({ seed, count: 240 }, timeInMinute));
  const { settings, database, events } = log;
  const sampled = [...fc.sample(bloomFiltered, { seed, numRuns: 8 }), ...fc.sample(anyFilter, { seed, numRuns: 16 })];
  const filters = sampled.map((each) => parseFilter(each, ['filter'], settings));
  let removed = 0;
  for (const [step, end] of [60, 90, 120, 180, 210].entries()) {
    if (step === 1) await indexEvents(database, events.slice(0, 72), { block: 3, rowGroup: 24 });
    if (step === 3) await indexEvents(database, events.slice(72, 168), { block: 3, rowGroup: 24 });
    const heads = [0, 1, 9].map((more) => events[end + more - 1]!.position);
    const removedTo = events[step * 10]!.position;
    for (const [n, filter] of filters.entries()) {
      for (const [k, limit] of [3, 5, 3, 1000, 4, 3, 3].entries()) {
        const order = orders[(n + (k >> 2)) % 3]!;
        const [knownHead, head] = [heads[k % 2]!, heads[k % 3]!].toSorted((a, b) => a - b);
        const backward = k === 2;
        const request: PageRequest = { filter, order, head: head!, knownHead: knownHead!, limit, backward };
        const [page] = await readPages(database, request, { ...everyEvent, budget: unbounded });
        const all = events.filter((event, index) => index >= removed && event.position <= head! && matches(filter, event));
        const expected = { events: plainPage(all, { order, backward, limit }), more: all.length > limit };
        expect({ ids: page!.events.map(({ id }) => id), more: page!.more }, JSON.stringify({ step, n, k, order })).toEqual({
          ids: expected.events.map(({ id }) => id),
          more: expected.more,
        });
      }
    }
    await database.rows(sql`delete from tidings.events where position <= ${removedTo}`);
    removed = step * 10 + 1;
  }
  expect(searchMemoryOf(database).matches.size).toBeGreaterThan(10);
});

test('the first matches are remembered for their order, and until some of them are removed', async () => {
  const needle = (n: number) => ({
    event: 'e',
    resource: { id: 'r' },
    payload: { text: 'a needle' },
    occurred: `2026-01-01T00:00:${String((n * 7) % 60).padStart(2, '0')}Z`,
  });
  await using log = await logOf(Array.from({ length: 40 }, (_, n) => needle(n)));
  const { settings, database } = log;
  const filter = parseFilter({ text: 'needle' }, ['filter'], settings);
  let removed = 0;
  for (let round = 0; round < 3; round += 1) {
    const head = await readHead(database);
    const { events } = await readLog(database, { after: origin, head, limit: 1000 });
    for (const order of [...orders, ...orders]) {
      for (const backward of [false, true]) {
        const [page] = await readPages(database, { filter, order, head, limit: 5, backward }, { ...everyEvent, budget: unbounded });
        expect(page, `${round} ${order} ${backward}`).toMatchObject({
          events: plainPage(events, { order, backward, limit: 5 }),
          more: true,
        });
      }
    }
    await database.rows(sql`delete from tidings.events where position <= ${log.events[(removed += 3)]!.position}`);
    await appendEvents(
      database,
      Array.from({ length: 6 }, (_, n) => draftOf({ ...needle(n * 5 + round), id: `${round} ${n}` })),
      'REJECT_ALL',
    );
  }
});

test('a page at an expected head remembers nothing of events that were not visible yet', async () => {
  const event = { event: 'e', resource: { id: 'r' }, payload: { text: 'a needle' } };
  await using log = await logOf(Array.from({ length: 10 }, () => event));
  const { settings, database, head } = log;
  const filter = parseFilter({ text: 'needle' }, ['filter'], settings);
  for (const order of orders) {
    for (const limit of [1000, 3]) {
      const found = async (knownHead: Position): Promise<number> => {
        const request: PageRequest = {
          filter,
          order,
          head: (knownHead + 1000) as Position,
          knownHead,
          limit,
          backward: order !== 'NEWEST_FIRST',
        };
        const [page] = await readPages(database, request, { ...everyEvent, budget: unbounded });
        return Math.max(...page!.events.map(({ position }) => position));
      };
      const knownHead = await readHead(database);
      expect(await found(knownHead)).toBe(knownHead);
      await appendEvents(database, [draftOf({ ...event, occurred: '2030-01-01T00:00:00Z' })], 'REJECT_ALL');
      expect(await found(knownHead)).toBe(await readHead(database));
    }
  }
  expect(await readHead(database)).toBe(head + 6);
});

test('many matches in few blocks do not make a filter a common one', async () => {
  const candidates = Array.from({ length: 300 }, (_, n) => ({ event: n < 100 ? 'rarest.thing' : 'other', resource: { id: 'r' } }));
  await using log = await logOf(candidates);
  const { settings, database, events, head } = log;
  await indexEvents(database, events, { block: 10, rowGroup: 100 });
  const request = { filter: parseFilter({ text: 'rarest' }, ['filter'], settings), order: 'LOG', head, backward: false } as const;
  for (const limit of [1000, 1000, 20, 1000]) {
    const [page] = await readPages(database, { ...request, limit }, { ...everyEvent, budget: unbounded });
    expect(page!.events).toHaveLength(Math.min(limit, 100));
  }
  expect(searchMemoryOf(database).common.size).toBe(0);
});

test('what a page at a head within a block has found takes one place of a later page', async () => {
  await using log = await logOf(
    Array.from({ length: 64 }, (_, n) => ({
      event: 'e',
      resource: { id: 'r' },
      payload: { text: n % 3 === 0 ? 'a needle' : 'hay' },
      occurred: `2026-01-01T00:00:${String((n * 7) % 60).padStart(2, '0')}Z`,
    })),
  );
  const { settings, database, events, head } = log;
  await indexEvents(database, events, { block: 8, rowGroup: 32 });
  const filter = parseFilter({ text: 'needle' }, ['filter'], settings);
  for (const order of orders) {
    const found = async (at: Position, limit: number): Promise<{ readonly ids: readonly string[]; readonly more: boolean }> => {
      const [page] = await readPages(database, { filter, order, head: at, limit, backward: false }, { ...everyEvent, budget: unbounded });
      return { ids: page!.events.map(({ id }) => id), more: page!.more };
    };
    await found(events[44]!.position, 1000);
    const { ids: all } = await found(head, 1000);
    expect(all).toHaveLength(22);
    for (let limit = 1; limit <= 22; limit += 1) {
      searchMemoryOf(database).matches.clear();
      await found(events[44]!.position, 1000);
      expect(await found(head, limit), `${order}, ${limit}`).toEqual({ ids: all.slice(0, limit), more: limit < 22 });
    }
  }
});

/** The first or last events in an order. */
function plainPage(events: readonly StoredEvent[], { order, backward, limit }: Pick<PageRequest, 'order' | 'backward' | 'limit'>) {
  const sorted = inOrder(events, order);
  return backward ? sorted.slice(-limit) : sorted.slice(0, limit);
}
