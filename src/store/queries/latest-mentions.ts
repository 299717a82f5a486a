import { sql, type SQL } from 'drizzle-orm';
import { mapInSlices } from '../../concurrency/time-slices.ts';
import type { Position } from '../../event/cursor.ts';
import { always } from '../../skip-index/pruning-predicate.ts';
import type { StoredEvent } from '../../event/event.ts';
import { everything } from '../../filter/filter.ts';
import type { Database } from '../database/database.ts';
import { enclosingRange } from './block-scan.ts';
import { blockColumns, blockRefOf, comesBefore, readWindows, type BlockRef, type BlockRow } from './block-windows.ts';
import { readIndexPosition } from '../skip-index/row-groups.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { directionOf, type PageRequest } from './page-request.ts';
import { eventsBetween, occurredBetween } from '../log/event-ranges.ts';
import { keyRows, orderSql } from './page-sql.ts';
import { findRows } from './pages.ts';
import { boundedRows, completeRows, type PartialRow } from '../database/bounded-rows.ts';
import { storedColumns, storedEvent } from '../database/event-row.ts';
import type { ReadBudget } from '../database/read-budget.ts';
import { fromTimestamp, toTimestamp } from '../database/timestamps.ts';
import type { Instant } from '../../event/instant.ts';

/**
 * Reads the latest event that mentions each of many resources, as primary or related.
 *
 * Strategy: an index finds the latest event with a resource as the primary one. For related
 * resources, the 1,024 events that occurred last are scanned once for all resources, except those
 * before the events that the index has found: they contain frequently mentioned ones. Any other
 * resource has few blocks with its term, and the latest of these are scanned for it alone. Cost: if every n-th of N events mentions a resource, at most N /
 * n blocks have its term. The probability that the first scan misses it falls with e^(1,024 / n).
 * So the total cost of a page of resources is bounded, however often each is mentioned.
 *
 * Assumes: block summaries as src/skip-index/block-summary.ts guarantees them.
 * Guarantees: the same event as the first one of a page in the order NEWEST_FIRST.
 */
export async function readLatestMentions(
  database: Database,
  ids: readonly string[],
  { head, budget }: { readonly head: Position; readonly budget: ReadBudget },
): Promise<ReadonlyMap<string, StoredEvent>> {
  const request: PageRequest = { filter: everything, order: 'NEWEST_FIRST', head, limit: 1, backward: false };
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialBlocks);
  const { needsPayload } = budget;
  const found = new Map<string, Mention>();
  const isFinal = (id: string, next: BlockRef | null): boolean => {
    const mention = found.get(id);
    return next === null || (mention !== undefined && comesBefore(mention, next, directionOf(request)));
  };
  const offer = (id: string | undefined, row: PartialRow): void => {
    const mention = mentionOf(row);
    if (id !== undefined && isNewer(mention, found.get(id))) found.set(id, mention);
  };

  const [primary, { firstUnindexed, blocks, next }] = await Promise.all([
    findRows(database, request, { scope: 'PRIMARY', keys: ids, needsPayload }),
    readLatestBlocks(database, head),
  ]);
  for (const [index, [row]] of primary.entries()) if (row !== undefined) offer(ids[index], row);
  const since = earliestOf(ids.map((id) => found.get(id)));
  for (const row of await searchBlocks(database, request, { ids, blocks, firstUnindexed, since, needsPayload }))
    offer(ids[Number(row.n) - 1], row);

  let open = next === null ? [] : ids.filter((id) => !isFinal(id, next)).map((value) => ({ value, from: next }));
  for (let size = 1; open.length > 0; size = Math.min(4 * size, maxWindowBlocks)) {
    adaptiveBatch.checkDeadline();
    const windows = await readWindows(database, request, { scope: 'RELATED', predicate: always, pending: open, size });
    const checks = open.flatMap(({ value }, index) =>
      (windows[index]?.blocks ?? []).filter((block) => !isFinal(value, block)).map((block) => ({ value, block })),
    );
    await adaptiveBatch.runInBatches(checks, async (some) => {
      const rows = await searchBlockPerResource(database, request, { checks: some, needsPayload });
      for (const row of rows) offer(some[Number(row.n)]?.value, row);
    });
    open = open.flatMap(({ value }, index) => {
      const from = windows[index]?.next ?? null;
      return from === null || isFinal(value, from) ? [] : [{ value, from }];
    });
  }
  const mentions = Array.from(found, ([id, { row }]) => ({ ...row, mentionedId: id }));
  return new Map(await mapInSlices(await completeRows(database, mentions, budget), (row) => [row.mentionedId, storedEvent(row)] as const));
}

/** An event that mentions a resource, and its place in the order of time. */
interface Mention {
  readonly row: PartialRow;
  readonly position: Position;
  readonly occurred: Instant;
}

function mentionOf(row: PartialRow): Mention {
  return { row, position: Number(row.position) as Position, occurred: fromTimestamp(row.occurred) };
}

interface Found extends PartialRow {
  readonly n: string;
}

interface BlockCheck {
  readonly value: string;
  readonly block: BlockRef;
}

/** The time before which no event is the latest one of any resource; null if one has not been found yet. */
function earliestOf(mentions: readonly (Mention | undefined)[]): Instant | null {
  let earliest: Instant | null = null;
  for (const mention of mentions) {
    if (mention === undefined) return null;
    if (earliest === null || mention.occurred < earliest) earliest = mention.occurred;
  }
  return earliest;
}

/**
 * The blocks of the events that occurred last, through the index on `last_occurred`, the next block,
 * and the first position that no block has.
 */
async function readLatestBlocks(database: Database, head: Position) {
  // Before the blocks are read: a row group stored in between would otherwise be in neither read.
  const firstUnindexed = ((await readIndexPosition(database)) + 1) as Position;
  const rows = await database.rows<BlockRow>(sql`
    select ${blockColumns}
    from tidings.digests d
    where d.first <= ${head}
    order by d.last_occurred desc, d.last desc, d.part desc
    limit ${latestBlockCount + 1}`);
  const refs = rows.map(blockRefOf);
  return { firstUnindexed, blocks: refs.slice(0, latestBlockCount), next: refs[latestBlockCount] ?? null };
}

/** Scans the events since a time in these blocks, and from `firstUnindexed` on, for all ids at once. */
async function searchBlocks(
  database: Database,
  request: PageRequest,
  {
    ids,
    blocks,
    firstUnindexed,
    since,
    needsPayload,
  }: {
    readonly ids: readonly string[];
    readonly blocks: readonly BlockRef[];
    readonly firstUnindexed: Position;
    readonly since: Instant | null;
    readonly needsPayload: boolean;
  },
): Promise<readonly Found[]> {
  const unindexed = { first: firstUnindexed, last: request.head, since: '-infinity', until: 'infinity' };
  const recent = since === null ? blocks : blocks.filter(({ lastOccurred }) => lastOccurred >= since);
  const ranges = [...recent.map(rangeRow), unindexed];
  const within = enclosingRange(ranges);
  const newest = sql`
    select distinct on (k.n) k.n, e.position
    from jsonb_to_recordset(${JSON.stringify(ranges)}::text::jsonb)
      as r (first bigint, last bigint, since timestamptz, until timestamptz)
    cross join lateral (${eventsBetween(rowPositions, within)}) e
    cross join lateral (
      select e.resource_id union all select related.value ->> 'id' from jsonb_array_elements(e.related) related
    ) mentioned (id)
    join ${keyRows(ids)} on k.value = mentioned.id
    where ${isInRange(request)} and ${since === null ? sql`true` : sql`(e.occurred >= ${toTimestamp(since)}::timestamptz) is true`}
    order by k.n, ${orderSql(directionOf(request))}`;
  const found = sql`
    select newest.n, ${storedColumns}
    from (${newest}) newest
    join tidings.events e on e.position = newest.position and e.position between ${within.first} and ${within.last}`;
  return database.rows<Found>(boundedRows({ found, order: sql`e.n`, extras: sql`e.n,`, needsPayload }));
}

/** Scans one block for each resource, through the primary key. */
async function searchBlockPerResource(
  database: Database,
  request: PageRequest,
  { checks, needsPayload }: { readonly checks: readonly BlockCheck[]; readonly needsPayload: boolean },
): Promise<readonly Found[]> {
  const rows = checks.map(({ value, block }, n) => ({ n, value, ...rangeRow(block) }));
  const found = sql`
    select r.n, ${storedColumns}
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as r (n int, value text, first bigint, last bigint, since timestamptz, until timestamptz)
    cross join lateral (
      select * from (${eventsBetween(rowPositions, enclosingRange(rows))}) e
      where ${isInRange(request)} and e.related @> jsonb_build_array(jsonb_build_object('id', r.value))
      order by ${orderSql(directionOf(request))}
      limit 1
    ) e`;
  return database.rows<Found>(boundedRows({ found, order: sql`e.n`, extras: sql`e.n,`, needsPayload }));
}

/** The positions of a row `r`. */
const rowPositions = { first: sql`r.first`, last: sql`r.last` };

/** Whether an event `e` is within the times of a row `r` and not after the head. */
function isInRange({ head }: PageRequest): SQL {
  return sql`${occurredBetween(sql`r.since`, sql`r.until`)} and e.position <= ${head}`;
}

function rangeRow({ first, last, firstOccurred, lastOccurred }: BlockRef) {
  return { first, last, since: toTimestamp(firstOccurred), until: toTimestamp(lastOccurred) };
}

function isNewer(event: Mention, known: Mention | undefined): boolean {
  if (known === undefined || event.occurred > known.occurred) return true;
  return event.occurred === known.occurred && event.position > known.position;
}

/** Blocks scanned for all resources together: 1,024 events, if no clock is wrong. */
const latestBlockCount = 16;
/** Blocks scanned by the first statement; the next ones take more while statements are fast. */
const initialBlocks = 128;
/** Blocks of the largest search for one resource; the first one reads a single block. */
const maxWindowBlocks = 1024;
