import { sql } from 'drizzle-orm';
import { always } from '../../skip-index/pruning-predicate.ts';
import type { Database } from '../database/database.ts';
import { countDigested } from './count-matches.ts';
import { readDigestedPages } from './block-scan.ts';
import { isTied, isWithin, keyRows, orderSql } from './page-sql.ts';
import { directionOf, type CountRequest, type Page, type PageRequest, type Tied } from './page-request.ts';
import { eventColumns, rowBytes, storedEvent, type EventRow } from '../database/event-row.ts';
import { wayTo, type Way } from './access-path.ts';

/** Reads the same page for each of many keys; the answer has a page for each, in their order. The statements are few, however many the keys. */
export async function readPages(database: Database, request: PageRequest, tied: Tied): Promise<readonly Page[]> {
  const way = tiedWay(wayTo(request), tied);
  const rows =
    way.kind === 'digests' ? await readDigestedPages(database, request, { ...tied, test: way.test }) : await walk(database, request, tied);
  return rows.map((found) => {
    const events = found.slice(0, request.limit).map(storedEvent);
    const bytes = found.reduce((sum, row) => sum + rowBytes(row), 0);
    return { events: request.backward ? events.toReversed() : events, more: found.length > request.limit, bytes };
  });
}

/** Counts the events of each key's page as if it had no limit, up to its `max` + 1. */
export async function countEvents(database: Database, request: CountRequest, tied: Tied): Promise<readonly number[]> {
  const way = tiedWay(wayTo({ ...request, order: 'LOG' }), tied);
  if (way.kind === 'digests') return countDigested(database, request, { ...tied, test: way.test });
  const rows = await database.rows<{ count: string }>(sql`
    select c.count
    from ${keyRows(tied.keys)}
    cross join lateral (
      select count(*) from (
        select from tidings.events e where ${isTied[tied.tie]} and ${isWithin(request)} limit ${request.max + 1}
      ) matching
    ) c
    order by k.n`);
  return rows.map((row) => Number(row.count));
}

/** A tie with an index of its own needs no digests; one without has a term in them. */
function tiedWay(way: Way, { tie }: Tied): Way {
  if (tie === 'FOLLOWS' || tie === 'PRIMARY') return { kind: 'walk' };
  if (tie === 'EVERYTHING' || way.kind !== 'walk') return way;
  return { kind: 'digests', test: always };
}

/** In order, through whatever index gives that order or leads to few events; a row more than the limit, if there is one. */
async function walk(database: Database, request: PageRequest, { tie, keys }: Tied): Promise<readonly (readonly EventRow[])[]> {
  const order = orderSql(directionOf(request));
  const rows = await database.rows<EventRow & { n: string }>(sql`
    select k.n, e.*
    from ${keyRows(keys)}
    cross join lateral (
      select ${eventColumns}
      from tidings.events e
      where ${isTied[tie]} and ${isWithin(request)}
      order by ${order}
      limit ${request.limit + 1}
    ) e
    order by k.n, ${order}`);
  const perKey: EventRow[][] = keys.map(() => []);
  for (const row of rows) perKey[Number(row.n) - 1]?.push(row);
  return perKey;
}
