import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import { everything } from '../../../src/filter/filter.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { unbounded } from '../../../src/store/database/read-budget.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { everyEvent } from '../../../src/store/queries/page-request.ts';
import { countEvents, readPages } from '../../../src/store/queries/pages.ts';
import { inOrder } from '../../support/oracles/plain-order.ts';
import { logOf } from '../../support/oracles/random-log.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { draftOf } from '../../unit/support/valid-event.ts';

const dialect = new PgDialect();

test('the ids of a prefix are remembered, and its events found, while the log grows', async () => {
  await using log = await logOf(
    Array.from({ length: 30 }, (_, n) => ({ event: 'e', resource: { id: n % 10 === 0 ? 'job.one' : 'other' } })),
  );
  const { settings } = log;
  let reads = 0;
  const database: Database = {
    ...log.database,
    rows: (statement, ...mode) => {
      if (dialect.sqlToQuery(statement as SQL).sql.includes('from tidings.resources r')) reads += 1;
      return log.database.rows(statement, ...mode);
    },
  };
  const filters = [{ startsWith: ['job.'] }, { like: ['job.*n*'] }, { startsWith: ['job.n', 'job.o'] }].map((id) =>
    parseFilter({ resource: { id } }, ['filter'], settings),
  );
  let all: readonly StoredEvent[] = [];
  const check = async (expectedReads: number): Promise<void> => {
    const head = await readHead(log.database);
    all = await readAll(log.database, head);
    reads = 0;
    for (const filter of filters) {
      const expected = all.filter((event) => matches(filter, event)).map(({ id }) => id);
      for (const order of ['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'] as const) {
        const request = { filter, order, head, limit: 1000, backward: false };
        const [page] = await readPages(database, request, { ...everyEvent, budget: unbounded });
        expect(page!.events.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
      }
      expect(await countEvents(database, { filter, order: 'LOG', head, max: 1000 }, everyEvent)).toEqual([expected.length]);
    }
    expect(reads).toBe(expectedReads);
  };
  const append = (ids: readonly string[]) =>
    appendEvents(
      log.database,
      ids.map((id, n) =>
        draftOf({ id: `${all.length}-${n}`, event: 'e', resource: { id, name: 'n', labels: {} }, related: [], follows: null }),
      ),
      'REJECT_ALL',
    );
  await check(2);
  await indexEvents(log.database, all, { block: 3, rowGroup: 15 });
  await check(0);
  await append(['job.new', 'other', 'job.one']);
  await check(0);
  await indexEvents(log.database, all.slice(30), { block: 3, rowGroup: 3 });
  await check(0);
  await append(Array.from({ length: 600 }, (_, n) => (n % 100 === 0 ? `job.no${n}` : 'other')));
  await check(2);
  await append(['job.newer']);
  await check(0);
});

test('an event that was indexed since the ids were read takes one place of a page', async () => {
  await using log = await logOf(
    Array.from({ length: 60 }, (_, n) => ({
      event: 'e',
      resource: { id: `job.${n % 7}` },
      related: n % 2 === 0 ? [{ id: 'owner', role: 'r' }] : [],
      occurred: `2026-01-01T00:00:${String((n * 7) % 60).padStart(2, '0')}Z`,
    })),
  );
  const { settings, database, events, head } = log;
  const filter = parseFilter({ resource: { id: { startsWith: ['job.'] } } }, ['filter'], settings);
  const related = events.filter((event) => event.related.length > 0);
  for (const indexed of [0, 48]) {
    await indexEvents(database, events.slice(0, indexed), { block: 3, rowGroup: 12 });
    for (const order of ['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'] as const) {
      const sorted = inOrder(related, order);
      for (let limit = 1; limit <= 30; limit += 1) {
        const request = { filter, order, head, limit, backward: false };
        const [page] = await readPages(database, request, { scope: 'ANY', keys: ['owner'], budget: unbounded });
        expect(
          page!.events.map(({ id }) => id),
          `${indexed} indexed, ${order}, ${limit}`,
        ).toEqual(sorted.slice(0, limit).map(({ id }) => id));
      }
    }
  }
});

async function readAll(database: Database, head: Position): Promise<readonly StoredEvent[]> {
  const request = { filter: everything, order: 'LOG', head, limit: 1000, backward: false } as const;
  const [page] = await readPages(database, request, { ...everyEvent, budget: unbounded });
  return page!.events;
}
