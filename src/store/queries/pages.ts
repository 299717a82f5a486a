import { sql } from 'drizzle-orm';
import { always } from '../../skip-index/pruning-predicate.ts';
import type { Database } from '../database/database.ts';
import { countMatches } from './count-matches.ts';
import { readPagesByBlockScan } from './block-scan.ts';
import { inScope, isWithin, keyRows, orderSql } from './page-sql.ts';
import { directionOf, type CountRequest, type Page, type PageRequest, type ScopedKeys } from './page-request.ts';
import { eventColumns, rowBytes, storedEvent, type EventRow } from '../database/event-row.ts';
import { accessPathOf, type AccessPath } from './access-path.ts';

/**
 * Reads the same page for each of many keys, and returns the pages in the order of the keys. All
 * keys share a few statements.
 */
export async function readPages(database: Database, request: PageRequest, scoped: ScopedKeys): Promise<readonly Page[]> {
  const accessPath = scopedAccessPath(accessPathOf(request), scoped);
  const rows =
    accessPath.kind === 'blockScan'
      ? await readPagesByBlockScan(database, request, { ...scoped, predicate: accessPath.predicate })
      : await orderedScan(database, request, scoped);
  return rows.map((found) => {
    const events = found.slice(0, request.limit).map(storedEvent);
    const bytes = found.reduce((sum, row) => sum + rowBytes(row), 0);
    return { events: request.backward ? events.toReversed() : events, more: found.length > request.limit, bytes };
  });
}

/** Counts the events of each key without a page limit, up to `max` + 1. */
export async function countEvents(database: Database, request: CountRequest, scoped: ScopedKeys): Promise<readonly number[]> {
  const accessPath = scopedAccessPath(accessPathOf({ ...request, order: 'LOG' }), scoped);
  if (accessPath.kind === 'blockScan') return countMatches(database, request, { ...scoped, predicate: accessPath.predicate });
  const rows = await database.rows<{ count: string }>(sql`
    select c.count
    from ${keyRows(scoped.keys)}
    cross join lateral (
      select count(*) from (
        select from tidings.events e where ${inScope[scoped.scope]} and ${isWithin(request)} limit ${request.max + 1}
      ) matching
    ) c
    order by k.n`);
  return rows.map((row) => Number(row.count));
}

/** FOLLOWS and PRIMARY have an index of their own; RELATED and ANY have terms in the skip index. */
function scopedAccessPath(accessPath: AccessPath, { scope }: ScopedKeys): AccessPath {
  if (scope === 'FOLLOWS' || scope === 'PRIMARY') return { kind: 'orderedScan' };
  if (scope === 'EVERYTHING' || accessPath.kind !== 'orderedScan') return accessPath;
  return { kind: 'blockScan', predicate: always };
}

/**
 * Reads in order, through the index that gives the order or selects few events; one row more than
 * the limit, if there is one.
 */
async function orderedScan(
  database: Database,
  request: PageRequest,
  { scope, keys }: ScopedKeys,
): Promise<readonly (readonly EventRow[])[]> {
  const order = orderSql(directionOf(request));
  const rows = await database.rows<EventRow & { n: string }>(sql`
    select k.n, e.*
    from ${keyRows(keys)}
    cross join lateral (
      select ${eventColumns}
      from tidings.events e
      where ${inScope[scope]} and ${isWithin(request)}
      order by ${order}
      limit ${request.limit + 1}
    ) e
    order by k.n, ${order}`);
  const perKey: EventRow[][] = keys.map(() => []);
  for (const row of rows) perKey[Number(row.n) - 1]?.push(row);
  return perKey;
}
