import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { readSettings } from '../../src/config.ts';
import { bucketsOf } from '../../src/event/count-buckets.ts';
import { parseCountBy } from '../../src/event/count-by.ts';
import { everything } from '../../src/event/filter.ts';
import { parseFilter } from '../../src/event/parse-filter.ts';
import { validateEvent } from '../../src/event/validate.ts';
import { appendEvents } from '../../src/store/append.ts';
import type { Database } from '../../src/store/database.ts';
import { readCounts } from '../../src/store/counts.ts';
import { readHead } from '../../src/store/log-order.ts';
import { openStore } from '../../src/store/open.ts';
import { readPages } from '../../src/store/pages.ts';
import { digest } from '../support/digests.ts';
import { newDatabase } from '../support/world.ts';

test('columns are asked, unless they are missing or tell of events that are gone', async () => {
  await using home = await newDatabase();
  const settings = readSettings(home.environment);
  await using store = await openStore(settings);
  const { database } = store;
  const drafts = Array.from({ length: 250 }, (_, n) => {
    const event = { id: `e${n}`, event: `kind.${n % 3}`, occurred: `2026-01-0${1 + (n % 2)}T00:00:00Z`, resource: { id: `r.${n % 7}` } };
    const validation = validateEvent(event, [], settings);
    if ('problems' in validation) throw new Error(JSON.stringify(validation.problems));
    return validation.draft;
  });
  await appendEvents(database, drafts, 'REJECT_ALL');
  const head = await readHead(database);
  const request = { filter: everything, order: 'LOG', head, limit: 1000, backward: false } as const;
  const [page] = await readPages(database, request, { tie: 'EVERYTHING', keys: [''] });
  const events = page!.events;
  await digest(database, events.slice(0, 200), { stretch: 8, chapter: 40 });
  expect(await kinds(database, head)).toEqual([84, 83, 83]);

  // What columns say is what is counted: here they lie.
  await database.rows(sql`update tidings.digest_chapters set names = replace(names, 'kind.1', 'kind.0')`);
  expect(await kinds(database, head)).toEqual([84 + 67, 16, 83]);
  // Nothing of a filter is lost on them.
  const filter = parseFilter({ resource: { id: { in: ['r.0', 'r.1'] } }, occurred: { until: '2026-01-02T00:00:00Z' } }, [], settings);
  const table = await readCounts(database, { filter, dimensions: parseCountBy([{ resource: {} }], ['by']), head });
  expect(table.total).toBe(events.filter(({ resource, occurred }) => /r\.[01]/.test(resource.id) && occurred < '2026-01-02').length);

  await database.rows(sql`update tidings.digest_chapters set occurred = null where last > ${events[79]!.position}`);
  await database.rows(sql`delete from tidings.events where position <= ${events[49]!.position}`);
  await database.rows(sql`delete from tidings.digest_chapters where last <= ${events[39]!.position}`);
  await database.rows(sql`delete from tidings.digests where last <= ${events[39]!.position}`);
  expect(await kinds(database, head)).toEqual(
    [0, 1, 2].map((kind) => events.slice(50).filter(({ event }) => event === `kind.${kind}`).length),
  );
});

async function kinds(database: Database, head: Awaited<ReturnType<typeof readHead>>): Promise<readonly number[]> {
  const dimensions = parseCountBy([{ event: {} }], ['by']);
  const table = await readCounts(database, { filter: everything, dimensions, head });
  const { buckets } = bucketsOf(table, { dimensions, bounds: {}, order: 'KEY', first: 1000 });
  return buckets.map(({ count }) => count);
}
