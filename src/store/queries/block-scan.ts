import { sql, type SQL } from 'drizzle-orm';
import { stretchLength } from '../../skip-index/row-group.ts';
import { always, type DigestTest } from '../../skip-index/pruning-predicate.ts';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { Pace } from '../database/adaptive-batch.ts';
import { PageSearch } from './page-builder.ts';
import { readFirstWindows, readWindows, type DigestPlace, type Window } from './block-windows.ts';
import { directionOf, type PageRequest, type Tie, type Tied } from './page-request.ts';
import { eventsBetween, occurredBetween, type Places } from '../log/event-ranges.ts';
import { isWithin, keyRows, orderSql } from './page-sql.ts';
import { eventColumns, type EventRow } from '../database/event-row.ts';
import { toTimestamp } from '../database/timestamps.ts';

/**
 * Pages through digests: windows of digests that may hold matches are read in the direction of the page, and the events
 * of their stretches checked, until the page is full.
 *
 * Assumes: digests as event/digest promises them, of every event but those in the `undigested` stretches, which lie behind. Promises:
 * the same page that a walk over all events would give. Because an event of the page is taken only when it comes before
 * all that has not been looked at: the digest behind the window says so with its near edge, and events without a digest
 * are looked at first, or, where the page walks the log upwards, last.
 *
 * Windows grow, so that what is rare costs few statements and what is common reads little. All keys share statements.
 */
export async function readDigestedPages(
  database: Database,
  request: PageRequest,
  { tie, keys, test }: Tested,
): Promise<readonly (readonly EventRow[])[]> {
  const direction = directionOf(request);
  const pace = new Pace(database.statementTimeout, firstLook);
  const { undigested: stretches, windows } = await readFirstWindows(database, request, tie === 'EVERYTHING' ? test : always);
  const undigested = stretches.flatMap(piecesOf);
  const undigestedLast = direction.by === 'position' && direction.up;
  const [first, second] = windows;
  const search = keys.map((value) => new PageSearch({ value, wanted: request.limit + 1, from: first.next }, direction));
  const lookIntoAll = (some: readonly PageSearch[], ranges: readonly Range[]): Promise<void> =>
    pace.through(ranges, (part) => lookInto(database, { request, tie, search: some }, part));
  const searchFor = (some: readonly PageSearch[], size: number): Promise<readonly Window[]> => {
    const pending = some.flatMap(({ value, from }) => (from === null ? [] : [{ value, from }]));
    return readWindows(database, request, { tie, test, pending, size });
  };
  /** Looks into a window of each; step by step where it is one alone. */
  const lookThrough = async (some: readonly PageSearch[], found: readonly Window[]): Promise<void> => {
    const [one, window] = [some[0], found[0]];
    if (some.length === 1 && one !== undefined && window !== undefined) {
      return one.lookThrough(window, (digests) => lookIntoAll([one], digests));
    }
    await lookIntoAll(some, distinct(found.flatMap(({ digests }) => digests)));
    for (const [index, each] of some.entries()) each.close(found[index] ?? nothing);
  };

  // Events without a digest stand at the end of the log: what is far from them is looked into apart, so that each spans few partitions.
  const looks = undigestedLast ? [first.digests] : direction.up ? [undigested, first.digests] : [[...undigested, ...first.digests]];
  // Where little passes, the first search is made while the first window is looked into, and finds the second one's digests again.
  const sparse = first.next !== null && (second?.digests.length ?? 0) < fewPassing;
  const [ahead] = await Promise.all([sparse ? searchFor(search, searchSize) : null, ...looks.map((ranges) => lookIntoAll(search, ranges))]);
  for (const each of search) each.close(first);
  if (second !== undefined && !sparse) {
    const open = search.filter((each) => each.from !== null);
    await lookThrough(
      open,
      open.map(() => second),
    );
  }
  let ready = ahead?.filter((_, n) => search[n]?.from !== null);
  for (let size = searchSize; ; size = Math.min(size * 4, largestSize)) {
    const open = search.filter((each) => each.from !== null);
    if (open.length === 0) break;
    pace.check();
    const found = ready ?? (await searchFor(open, size));
    ready = undefined;
    await lookThrough(open, found);
  }
  const short = undigestedLast ? search.filter((each) => !each.isFull()) : [];
  if (short.length > 0) await lookIntoAll(short, undigested);
  return search.map((each) => each.page());
}

export interface Tested extends Tied {
  readonly test: DigestTest;
}

/** A stretch of places in pieces that a statement can take one or many of. */
function piecesOf({ first, last }: Places): readonly Range[] {
  const pieces: Range[] = [];
  for (let at: number = first; at <= last; at += stretchLength) {
    pieces.push({ first: at as Position, last: Math.min(at + stretchLength - 1, last) as Position });
  }
  return pieces;
}

interface Look {
  readonly request: PageRequest;
  readonly tie: Tie;
  readonly search: readonly PageSearch[];
}

/** A stretch of the log, or those of its events that occurred within some time. */
type Range = Places & Partial<DigestPlace>;

/** Checks the events of these stretches, by the primary key, and gives each to the keys that it belongs to. */
async function lookInto(database: Database, { request, tie, search }: Look, ranges: readonly Range[]): Promise<void> {
  if (ranges.length === 0) return;
  const order = orderSql(directionOf(request));
  const within = sql`
    from jsonb_to_recordset(${JSON.stringify(ranges.map(rangeRow))}::text::jsonb)
      as r (first bigint, last bigint, since timestamptz, until timestamptz)
    cross join lateral (${eventsBetween({ first: sql`r.first`, last: sql`r.last` }, around(ranges))}) e`;
  const matching = sql`${occurredBetween(sql`r.since`, sql`r.until`)} and ${isWithin(request)}`;
  const found =
    tie === 'EVERYTHING'
      ? sql`select 1 as n, ${eventColumns} ${within} where ${matching} order by ${order} limit ${request.limit + 1}`
      : sql`
        select * from (
          select k.n, ${eventColumns}, row_number() over (partition by k.n order by ${order}) as place
          ${within}
          cross join lateral (${mentionedIds(tie)}) mentioned (id)
          join ${keyRows(search.map((each) => each.value))} on k.value = mentioned.id
          where ${matching}
        ) e
        where place <= ${request.limit + 1}`;
  for (const row of await database.rows<EventRow & { n: string }>(found)) search[Number(row.n) - 1]?.add(row);
}

/** The places from the first to the last of these. */
function around(ranges: readonly Range[]): Places {
  const [first, last] = ranges.reduce(([low, high], range) => [Math.min(low, range.first), Math.max(high, range.last)], [Infinity, 0]);
  return { first: first as Position, last: last as Position };
}

/** The keys that an event is tied to, each once. */
function mentionedIds(tie: Tie): SQL {
  const related = sql`select r.value ->> 'id' from jsonb_array_elements(e.related) r`;
  return tie === 'ANY' ? sql`select e.resource_id union ${related}` : sql`${related} except select e.resource_id`;
}

function rangeRow({ first, last, firstOccurred, lastOccurred }: Range): Readonly<Record<string, unknown>> {
  return {
    first,
    last,
    since: firstOccurred === undefined ? '-infinity' : toTimestamp(firstOccurred),
    until: lastOccurred === undefined ? 'infinity' : toTimestamp(lastOccurred),
  };
}

function distinct(digests: readonly DigestPlace[]): readonly DigestPlace[] {
  return Array.from(new Map(digests.map((digest) => [`${digest.last}/${digest.part}`, digest])).values());
}

const nothing: Window = { digests: [], next: null };
const fewPassing = 16;
/** Stretches looked into by the first statement; the next ones take on more, if it was quick. */
const firstLook = 32;
/** Digests of the first search; each further one reads four times as many. */
const searchSize = 64;
const largestSize = 4096;
