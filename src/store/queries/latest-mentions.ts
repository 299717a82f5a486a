import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import { always } from '../../skip-index/pruning-predicate.ts';
import type { StoredEvent } from '../../event/event.ts';
import { everything } from '../../filter/filter.ts';
import type { Database } from '../database/database.ts';
import { comesBefore, readWindows, type DigestPlace } from './block-windows.ts';
import { digestedTo } from '../skip-index/row-groups.ts';
import { Pace } from '../database/adaptive-batch.ts';
import { directionOf, type PageRequest } from './page-request.ts';
import { eventsBetween, occurredBetween, type Places } from '../log/event-ranges.ts';
import { keyRows, orderSql } from './page-sql.ts';
import { readPages } from './pages.ts';
import { eventColumns, storedEvent, type EventRow } from '../database/event-row.ts';
import { fromTimestamp, toTimestamp } from '../database/timestamps.ts';

/**
 * The event that occurred last of all that mention a resource, primary or related, for many resources at once.
 *
 * Assumes: digests as event/digest promises them. Promises: the first event of the page newest first, as `pages` reads it,
 * for less: in which event a resource is the primary one, an index tells. Of related ones, those that are mentioned all
 * the time are found among the events that occurred last, which are looked at for all resources together; for any other
 * the digests with its term are few, and the newest of them is looked into for it alone. If one is mentioned in every n-th
 * event, its digests are N / n at most, and the chance that it is not found before falls with e^(1,024 / n); so what
 * the resources of a page cost together is bounded, however often each is mentioned.
 */
export async function readNewestMentions(
  database: Database,
  ids: readonly string[],
  head: Position,
): Promise<ReadonlyMap<string, StoredEvent>> {
  const request: PageRequest = { filter: everything, order: 'NEWEST_FIRST', head, limit: 1, backward: false };
  const pace = new Pace(database.statementTimeout, firstLook);
  const found = new Map<string, StoredEvent>();
  const isFinal = (id: string, next: DigestPlace | null): boolean => {
    const event = found.get(id);
    return next === null || (event !== undefined && comesBefore(event, next, directionOf(request)));
  };
  const offer = (id: string | undefined, event: StoredEvent): void => {
    if (id !== undefined && isNewer(event, found.get(id))) found.set(id, event);
  };

  const primary = await readPages(database, request, { tie: 'PRIMARY', keys: ids });
  for (const [index, { events }] of primary.entries()) if (events[0] !== undefined) offer(ids[index], events[0]);
  // Before the digests are read, lest a chapter that comes between is in neither.
  const undigested = ((await digestedTo(database)) + 1) as Position;
  const { digests, next } = await readLatestDigests(database, head);
  for (const row of await lookForAll(database, request, { ids, digests, undigested })) offer(ids[Number(row.n) - 1], storedEvent(row));

  let open = next === null ? [] : ids.filter((id) => !isFinal(id, next)).map((value) => ({ value, from: next }));
  for (let size = 1; open.length > 0; size = Math.min(4 * size, largestWindow)) {
    pace.check();
    const windows = await readWindows(database, request, { tie: 'RELATED', test: always, pending: open, size });
    const looks = open.flatMap(({ value }, index) =>
      (windows[index]?.digests ?? []).filter((digest) => !isFinal(value, digest)).map((digest) => ({ value, digest })),
    );
    await pace.through(looks, async (some) => {
      for (const row of await lookForEach(database, request, some)) offer(some[Number(row.n)]?.value, storedEvent(row));
    });
    open = open.flatMap(({ value }, index) => {
      const from = windows[index]?.next ?? null;
      return from === null || isFinal(value, from) ? [] : [{ value, from }];
    });
  }
  return found;
}

interface Found extends EventRow {
  readonly n: string;
}

interface Look {
  readonly value: string;
  readonly digest: DigestPlace;
}

/** The digests of the events that occurred last, by digests_by_last_occurred, and the next one. */
async function readLatestDigests(database: Database, head: Position) {
  const rows = await database.rows<Readonly<Record<'first' | 'last' | 'first_occurred' | 'last_occurred', string>> & { part: number }>(sql`
    select d.first, d.last, d.part, d.first_occurred, d.last_occurred
    from tidings.digests d
    where d.first <= ${head}
    order by d.last_occurred desc, d.last desc, d.part desc
    limit ${latest + 1}`);
  const places = rows.map((row): DigestPlace => ({
    first: Number(row.first) as Position,
    last: Number(row.last) as Position,
    part: row.part,
    firstOccurred: fromTimestamp(row.first_occurred),
    lastOccurred: fromTimestamp(row.last_occurred),
  }));
  return { digests: places.slice(0, latest), next: places[latest] ?? null };
}

/** Looks into these digests, and at the events from `undigested` on, for each id at once. */
async function lookForAll(
  database: Database,
  request: PageRequest,
  {
    ids,
    digests,
    undigested,
  }: { readonly ids: readonly string[]; readonly digests: readonly DigestPlace[]; readonly undigested: Position },
): Promise<readonly Found[]> {
  const ranges = [...digests.map(rangeRow), { first: undigested, last: request.head, since: '-infinity', until: 'infinity' }];
  const within = around(ranges);
  const newest = sql`
    select distinct on (k.n) k.n, e.position
    from jsonb_to_recordset(${JSON.stringify(ranges)}::text::jsonb)
      as r (first bigint, last bigint, since timestamptz, until timestamptz)
    cross join lateral (${eventsBetween(rowPlaces, within)}) e
    cross join lateral (
      select e.resource_id union all select related.value ->> 'id' from jsonb_array_elements(e.related) related
    ) mentioned (id)
    join ${keyRows(ids)} on k.value = mentioned.id
    where ${isMeant(request)}
    order by k.n, ${orderSql(directionOf(request))}`;
  return database.rows<Found>(sql`
    select newest.n, ${eventColumns}
    from (${newest}) newest
    join tidings.events e on e.position = newest.position and e.position between ${within.first} and ${within.last}`);
}

/** Looks into one digest for each, by the primary key. */
async function lookForEach(database: Database, request: PageRequest, looks: readonly Look[]): Promise<readonly Found[]> {
  const rows = looks.map(({ value, digest }, n) => ({ n, value, ...rangeRow(digest) }));
  return database.rows<Found>(sql`
    select r.n, ${eventColumns}
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as r (n int, value text, first bigint, last bigint, since timestamptz, until timestamptz)
    cross join lateral (
      select * from (${eventsBetween(rowPlaces, around(rows))}) e
      where ${isMeant(request)} and e.related @> jsonb_build_array(jsonb_build_object('id', r.value))
      order by ${orderSql(directionOf(request))}
      limit 1
    ) e`);
}

/** The places of a row `r`. */
const rowPlaces = { first: sql`r.first`, last: sql`r.last` };

/** That an event `e` is one of those that a row `r` means, and visible. */
function isMeant({ head }: PageRequest): SQL {
  return sql`${occurredBetween(sql`r.since`, sql`r.until`)} and e.position <= ${head}`;
}

/** The places from the first to the last of these. */
function around(ranges: readonly Readonly<Record<'first' | 'last', number>>[]): Places {
  const [first, last] = ranges.reduce(([low, high], range) => [Math.min(low, range.first), Math.max(high, range.last)], [Infinity, 0]);
  return { first: first as Position, last: last as Position };
}

function rangeRow({ first, last, firstOccurred, lastOccurred }: DigestPlace) {
  return { first, last, since: toTimestamp(firstOccurred), until: toTimestamp(lastOccurred) };
}

function isNewer(event: StoredEvent, known: StoredEvent | undefined): boolean {
  if (known === undefined || event.occurred > known.occurred) return true;
  return event.occurred === known.occurred && event.position > known.position;
}

/** Digests looked into for all resources together: 1,024 events, if no clock is wrong. */
const latest = 16;
/** Digests looked into by the first statement; the next ones take on more, if it was quick. */
const firstLook = 128;
const largestWindow = 1024;
