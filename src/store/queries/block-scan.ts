import type { EventParts } from '../../event/event.ts';
import { sql, type SQL } from 'drizzle-orm';
import { blockEvents } from '../../skip-index/row-group.ts';
import { always, rowGroupPredicateOf, testsBloomFilters, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { Position } from '../../event/cursor.ts';
import type { Database, PlanMode } from '../database/database.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { openOf, PageBuilder } from './page-builder.ts';
import { readFewBlocks, readFirstWindows, readWindow, type BlockRef, type BlockWindow, type FirstWindows } from './block-windows.ts';
import { findInLog, isNearHead, laterEvents, type CandidateSearch, type Matches } from './candidates.ts';
import { primaryResourceOf } from './access-path.ts';
import { maxKeyLength, searchMemoryOf } from './search-memory.ts';
import { defaultSearchLimits, indexConditionFor, maxCandidatesOf, searchIndex, type SearchLimits } from './index-search.ts';
import { readKnownPage, rememberPage } from './known-pages.ts';
import { scanFirstEvents } from './ordered-scan.ts';
import { directionOf, everyEvent, type PageRequest, type PageScope, type RowScope } from './page-request.ts';
import { eventsBetween, occurredBetween, type PositionRange } from '../log/event-ranges.ts';
import { isWithin, keyRows, orderText } from './page-sql.ts';
import { boundedRows, type PartialRow } from '../database/bounded-rows.ts';
import { storedColumns } from '../database/event-row.ts';
import { toTimestamp } from '../database/timestamps.ts';
import { unseen } from '../filter-sql/sql-fragments.ts';

/**
 * Reads pages through the index of the events, and by scanning blocks for what it does not serve.
 *
 * The index of the events is searched in the whole log, which completes the pages of rare matches. For
 * common ones, the first blocks in the direction of the page are tested. Then the index is searched in
 * windows. What is left reads windows of the blocks that can have matches, and tests their events until
 * the page is full.
 *
 * Assumes: block summaries as src/skip-index/block-summary.ts guarantees them, of all events except
 * those in the unindexed ranges, which follow the indexed ones.
 * Guarantees: the same page as an ordered scan of all events.
 * Why: an event is added to the page only if it comes before everything that has not been scanned.
 * The near edge of the block after the window decides that. Unindexed events are scanned first, or
 * last if the page ascends the log.
 *
 * Windows grow: rare matches cost few statements, common ones read little. All keys share
 * statements.
 */
export async function readPagesByBlockScan(
  database: Database,
  request: PageRequest,
  { scope, keys, predicate, parts, limits = defaultSearchLimits }: PrunedKeys & { readonly limits?: SearchLimits },
): Promise<readonly (readonly PartialRow[])[]> {
  const known = scope === 'EVERYTHING' ? await readKnownPage(database, request, parts) : null;
  if (known !== null) return [known];
  const direction = directionOf(request);
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialBlocks);
  const firstPredicate = scope === 'EVERYTHING' ? predicate : always;
  const condition = await indexConditionFor(database, request, scope);
  const search = condition === null ? null : { scope, parts, condition, max: maxCandidatesOf(keys, limits) };
  if (scope === 'EVERYTHING') {
    const { rows, areAll } = await findAtOnce(database, request, { search, parts, limits });
    if (areAll) return [rows];
  }
  const few = await findFewBlocks(database, request, { predicate: firstPredicate, max: limits.fewBlocks });
  const {
    unindexed: unindexedRanges,
    windows: [first, second],
  } = few ?? (await readFirstWindows(database, request, { predicate: firstPredicate, to: condition?.to ?? request.head }));
  // Connections keep few statements: not those for windows, which take longer than their plans.
  const planMode = few === null ? 'custom' : 'repeated';
  const unindexed = unindexedRanges.flatMap(splitIntoBlocks);
  const unindexedLast = direction.by === 'position' && direction.up;
  const builders = keys.map((value) => new PageBuilder({ value, wanted: request.limit + 1, from: first.next }, direction));
  /** The pages whose matches are not all known. */
  let incomplete: readonly PageBuilder[] = builders;
  const checkRanges = (some: readonly PageBuilder[], ranges: readonly Range[]): Promise<void> =>
    adaptiveBatch.runInBatches(ranges, (batch) => checkEvents(database, { request, scope, builders: some, parts, planMode }, batch));
  /** Scans a window; in steps if there is one key. */
  const scanWindow = async (window: BlockWindow): Promise<void> => {
    const open = openOf(incomplete);
    const [one] = open;
    if (open.length === 1 && one !== undefined) return one.scanWindow(window, (blocks) => checkRanges([one], blocks));
    await checkRanges(open, window.blocks);
    for (const each of open) each.close(window.next);
  };

  // Unindexed events are at the end of the log. Blocks far from them are scanned separately, so
  // that each scan plans few partitions.
  const areNear = !direction.up && few === null;
  const firstChecks = unindexedLast ? [first.blocks] : areNear ? [[...unindexed, ...first.blocks]] : [unindexed, first.blocks];
  await Promise.all(firstChecks.map((ranges) => checkRanges(builders, ranges)));
  for (const each of incomplete) each.close(first.next);
  // Without a match in the first window, the index finds them faster, if there are any.
  const mayBeFrequent = search === null || few !== null || (scope === 'EVERYTHING' && incomplete.some(({ rowCount }) => rowCount > 0));
  if (second !== undefined && mayBeFrequent && openOf(incomplete).length > 0) await scanWindow(second);
  incomplete = openOf(incomplete);
  if (search !== null && incomplete.length > 0) {
    const checkDeadline = (): void => adaptiveBatch.checkDeadline();
    const searchWindows = (isFirstOnly: boolean): Promise<void> =>
      searchIndex(database, request, {
        ...search,
        builders: openOf(incomplete),
        predicate,
        isFirstOnly,
        scanWindow,
        checkDeadline,
        limits,
      });
    if (scope !== 'EVERYTHING') {
      await searchWindows(true);
      const open = openOf(incomplete);
      const found = open.length === 0 ? [] : await findInLog(database, request, { ...search, keys: open.map(({ value }) => value) });
      for (const [index, { rows }] of found.entries()) for (const row of rows) open[index]?.add(row);
      incomplete = open.filter((_, index) => found[index]?.areAll !== true);
    }
    await searchWindows(false);
  }
  for (let size = initialWindowBlocks; ; size = Math.min(size * 4, maxWindowBlocks)) {
    const from = openOf(incomplete)[0]?.from ?? null;
    if (from === null) break;
    adaptiveBatch.checkDeadline();
    await scanWindow(await readWindow(database, request, { predicate: firstPredicate, from, size }));
  }
  const unfilled = unindexedLast ? builders.filter((each) => !each.isFull()) : [];
  if (unfilled.length > 0) await checkRanges(unfilled, unindexed);
  const pages = builders.map((each) => each.page());
  if (scope === 'EVERYTHING') rememberPage(database, request, { rows: pages[0] ?? [], search: 'SLOW' });
  return pages;
}

/**
 * Tries to find the page of all events by one statement: in order among the events of the resource that the filter
 * selects, or among the first events if the condition is frequent; else among those that the index finds.
 */
async function findAtOnce(
  database: Database,
  request: PageRequest,
  {
    search,
    parts,
    limits,
  }: { readonly search: Omit<CandidateSearch, 'keys'> | null; readonly parts: EventParts; readonly limits: SearchLimits },
): Promise<Matches> {
  /** Null too if the index is too far behind for one statement to test the later events. */
  const near = search !== null && isNearHead(search.condition, request.head) ? search : null;
  const later = near === null ? null : laterEvents(near.condition, request.head);
  const selected = primaryResourceOf(request.filter);
  const resource = selected ?? near?.condition.resource ?? null;
  if (resource !== null && request.order !== 'LOG') {
    const first = { parts, resource, later: selected === null ? later : null, max: limits.resourceEvents };
    const found = await scanFirstEvents(database, request, first);
    if (found.areAll) {
      if (selected === null) rememberPage(database, request, { rows: found.rows, search: 'FAST' });
      return found;
    }
  }
  if (near === null) return unknown;
  const { common } = searchMemoryOf(database);
  const { by, up } = directionOf(request);
  const key = `${by} ${up} ${near.condition.key}`;
  const commonness = common.get(key);
  if (commonness === 'COMMON') return unknown;
  if (commonness === 'FREQUENT') {
    const found = await scanFirstEvents(database, request, { parts, resource: null, later: null, max: limits.firstEvents });
    if (!found.areAll) common.set(key, 'COMMON');
    return found;
  }
  const [found] = await findInLog(database, request, { ...near, ...everyEvent, later });
  // Sorting up to a thousand candidates takes some milliseconds.
  if (found?.areAll === true)
    rememberPage(database, request, { rows: found.rows, search: found.rows.length > request.limit ? 'SLOW' : 'FAST' });
  else common.set(key, up || found?.areManyNew === true ? 'FREQUENT' : 'COMMON');
  return found ?? unknown;
}

/** All blocks that can have matches; null: there are more than `max`, or were lately. */
async function findFewBlocks(
  database: Database,
  request: PageRequest,
  { predicate, max }: { readonly predicate: PruningPredicate; readonly max: number },
): Promise<FirstWindows | null> {
  if (!testsBloomFilters(predicate)) return null;
  const { common } = searchMemoryOf(database);
  const key = JSON.stringify(rowGroupPredicateOf(predicate)); // without times, which tend to differ each time
  if (key.length > maxKeyLength || common.has(key)) return null;
  const few = await readFewBlocks(database, request, { predicate, max });
  if (few === null) common.set(key, 'COMMON');
  return few;
}

const unknown: Matches = { rows: [], areAll: false };

export interface PrunedKeys extends RowScope {
  readonly predicate: PruningPredicate;
}

/** Splits a range into pieces of a block, so that a statement can take any number of them. */
function splitIntoBlocks({ first, last }: PositionRange): readonly Range[] {
  const pieces: Range[] = [];
  for (let at: number = first; at <= last; at += blockEvents) {
    pieces.push({ first: at as Position, last: Math.min(at + blockEvents - 1, last) as Position });
  }
  return pieces;
}

interface RangeCheck {
  readonly request: PageRequest;
  readonly scope: PageScope;
  readonly builders: readonly PageBuilder[];
  readonly parts: EventParts;
  readonly planMode: PlanMode;
}

/** A range of positions; with times, only the events that occurred within them. */
type Range = PositionRange & Partial<BlockRef>;

/**
 * Tests the events of these ranges, through the primary key, and adds each match to the builders of
 * its keys.
 */
async function checkEvents(
  database: Database,
  { request, scope, builders, parts, planMode }: RangeCheck,
  ranges: readonly Range[],
): Promise<void> {
  if (ranges.length === 0) return;
  const order = orderText(directionOf(request));
  const within = sql`
    from jsonb_to_recordset(${JSON.stringify(ranges.map(rangeRow))}::text::jsonb)
      as r (first bigint, last bigint, since timestamptz, until timestamptz)
    cross join lateral (${eventsBetween({ first: sql`r.first`, last: sql`r.last` }, enclosingRange(ranges))}) e`;
  const matching = sql`${occurredBetween(sql`r.since`, sql`r.until`)} and ${isWithin(request)}`;
  const found =
    scope === 'EVERYTHING'
      ? sql`select 1 as n, ${storedColumns} ${within} where ${matching} order by ${sql.raw(order)} limit ${unseen(sql`${request.limit + 1}::bigint`)}`
      : sql`
        select * from (
          select k.n, ${storedColumns}, row_number() over (partition by k.n order by ${sql.raw(order)}) as rank
          ${within}
          cross join lateral (${mentionedIds(scope)}) mentioned (id)
          join ${keyRows(builders.map((each) => each.value))} on k.value = mentioned.id
          where ${matching}
        ) e
        where rank <= ${request.limit + 1}`;
  const rows = await database.rows<PartialRow & { n: string }>(boundedRows({ found, order, extras: ['n'], parts }), planMode);
  for (const row of rows) builders[Number(row.n) - 1]?.add(row);
}

/** The positions from the first to the last of these ranges. */
function enclosingRange(ranges: readonly Readonly<Record<'first' | 'last', number>>[]): PositionRange {
  const [first, last] = ranges.reduce(([low, high], range) => [Math.min(low, range.first), Math.max(high, range.last)], [Infinity, 0]);
  return { first: first as Position, last: last as Position };
}

/** The keys whose scope an event is in, each once. */
function mentionedIds(scope: PageScope): SQL {
  const related = sql`select r.value ->> 'id' from jsonb_array_elements(e.related) r`;
  return scope === 'ANY' ? sql`select e.resource_id union ${related}` : sql`${related} except select e.resource_id`;
}

function rangeRow({ first, last, firstOccurred, lastOccurred }: Range): Readonly<Record<string, unknown>> {
  return {
    first,
    last,
    since: firstOccurred === undefined ? '-infinity' : toTimestamp(firstOccurred),
    until: lastOccurred === undefined ? 'infinity' : toTimestamp(lastOccurred),
  };
}

/** Blocks scanned by the first statement; the next ones take more while statements are fast. */
const initialBlocks = 32;
/** Blocks of the first window after the search; each further one reads four times as many, up to the maximum. */
const initialWindowBlocks = 64;
const maxWindowBlocks = 4096;
