import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { EventParts } from '../../event/event.ts';
import { stringifyJson } from '../../json/stringify-json.ts';
import { boundedRows, type PartialRow } from '../database/bounded-rows.ts';
import type { Database } from '../database/database.ts';
import { storedColumns } from '../database/event-row.ts';
import { unseen } from '../filter-sql/sql-fragments.ts';
import { eventsAfter } from './candidates.ts';
import { directionOf, type PageRequest } from './page-request.ts';
import { isWithin, orderText } from './page-sql.ts';
import { maxKeyLength, maxLaterAfter, minAdvance, searchMemoryOf, type KnownMatches, type SearchSpeed } from './search-memory.ts';

/**
 * Reads a page of all events whose first matches are remembered: tests these, and all later events, in one statement.
 * Null: the page must be searched for.
 *
 * Assumes: nothing changes in the log up to a head, but for retention, which removes events.
 * Guarantees: the same page as a search.
 */
export async function readKnownPage(database: Database, request: PageRequest, parts: EventParts): Promise<readonly PartialRow[] | null> {
  const known = knownMatches(database, request);
  if (known === null) return null;
  const { head, knownHead = head, limit } = request;
  const order = orderText(directionOf(request));
  const later = known.to < head ? sql` union all (${eventsAfter(known.to, head)})` : sql``;
  const found = sql`
    select ${storedColumns}
    from (
      (
        select e.*
        from jsonb_array_elements_text(${JSON.stringify(known.positions)}::text::jsonb) as known (position)
        join tidings.events e on e.position = known.position::bigint
        offset 0
      )${later}
    ) e
    where ${isWithin(request)}
    order by ${sql.raw(order)}
    limit ${unseen(sql`${limit + 1}::bigint`)}`;
  const rows = await database.rows<PartialRow>(boundedRows({ found, order, parts }), 'repeated');
  // Matches that are not remembered come after those that are, but perhaps before later events.
  const last = rows[limit];
  if (!known.areAll && (last === undefined || Number(last.position) > known.to)) return null;
  if (knownHead - known.to > minAdvance) rememberPage(database, request, { rows, search: known.search });
  return rows;
}

/** Remembers the page that a search has found, one row more than the limit if there is one; not one with bounds. */
export function rememberPage(
  database: Database,
  request: PageRequest,
  { rows, search }: { readonly rows: readonly PartialRow[]; readonly search: SearchSpeed },
): void {
  const { limit, head, knownHead: to = head } = request;
  if (!isFirstPage(request)) return;
  const key = stringifyJson(request.filter);
  if (key.length > maxKeyLength) return;
  const positions = rows.map(({ position }) => Number(position) as Position).filter((position) => position <= to);
  const areAll = rows.length <= limit;
  searchMemoryOf(database).matches.set(areAll ? key : inOrder(request, key), { to, positions, areAll, search });
}

/** Remembered matches that are sufficient for a page; null: there are none. */
function knownMatches(database: Database, request: PageRequest): KnownMatches | null {
  const { head, knownHead = head, limit } = request;
  const { matches } = searchMemoryOf(database);
  const key = stringifyJson(request.filter);
  const known = matches.get(key) ?? (isFirstPage(request) ? matches.get(inOrder(request, key)) : undefined);
  if (known === undefined || knownHead - known.to > maxLaterAfter[known.search]) return null;
  return known.areAll || known.positions.length > limit ? known : null;
}

function isFirstPage({ after, before }: PageRequest): boolean {
  return after === undefined && before === undefined;
}

/** Some matches are the first ones in one order only. */
function inOrder(request: PageRequest, key: string): string {
  const { by, up } = directionOf(request);
  return `${by} ${up} ${key}`;
}
