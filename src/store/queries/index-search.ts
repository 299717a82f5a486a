import type { EventParts } from '../../event/event.ts';
import { sql, type SQL } from 'drizzle-orm';
import { always, testsBloomFilters, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { origin, type Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import { boundedRows, type PartialRow } from '../database/bounded-rows.ts';
import type { Database } from '../database/database.ts';
import { storedColumns } from '../database/event-row.ts';
import { extentsOf, inExtents, indexConditionOf } from '../filter-sql/index-condition.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import { isContentIndexComplete } from '../skip-index/content-index.ts';
import {
  readWindow,
  readWindowPositions,
  type BlockRef,
  type BlockWindow,
  type SkippedBlocks,
  type WindowPositions,
} from './block-windows.ts';
import { withKnownIds } from './known-ids.ts';
import { openOf, type PageBuilder } from './page-builder.ts';
import { directionOf, type CountRequest, type PageRequest, type PageScope, type ScopedKeys } from './page-request.ts';
import { inScope, indexedScope, isWithin, keyRows, orderSql } from './page-sql.ts';

/**
 * What the index of the events serves of a filter and a scope; null: nothing, or not all partitions
 * have the index yet.
 */
export async function indexConditionFor(
  database: Database,
  filter: Condition,
  scope: PageScope = 'EVERYTHING',
): Promise<IndexCondition | null> {
  if (!(await isContentIndexComplete(database))) return null;
  const { filter: known, to } = await withKnownIds(database, filter);
  const condition = indexConditionOf(known);
  const parts = [condition?.met, indexedScope[scope]].flatMap((part) => part ?? []);
  return parts.length === 0 ? null : { met: sql.join(parts, sql` and `), scans: condition?.scans ?? 1, to };
}

export interface IndexSearch {
  /** The pages to continue, all at the same block. */
  readonly builders: readonly PageBuilder[];
  readonly scope: PageScope;
  readonly condition: IndexCondition;
  readonly predicate: PruningPredicate;
  readonly parts: EventParts;
  /** The end of the events to search; the caller tests all later ones. */
  readonly to: Position;
  /** Tests all events of a window for the pages that are not complete, and closes it. */
  readonly scanWindow: (window: BlockWindow) => Promise<void>;
  readonly checkDeadline: () => void;
  readonly limits: SearchLimits;
}

/**
 * Continues pages with the events that the index finds, instead of reading blocks: in a window of
 * blocks, in the direction of the page; then in the whole log, which completes a page if the index
 * finds few events; else in further windows. Where the index finds many events, all events of some
 * blocks are tested; if that finds none, windows have only blocks of extents in which the index finds
 * any.
 *
 * Guarantees: as a block scan, all matches up to `builder.from`. Matches after a window are added
 * early, which does not harm. No statement reads many more events than `limits` has candidates. Leaves
 * pages unfinished if the predicate tests Bloom filters, which may select better.
 */
export async function searchIndex(database: Database, request: PageRequest, search: IndexSearch): Promise<void> {
  const { builders, limits, scope, predicate, condition } = search;
  const candidates = Math.min(limits.candidates, Math.max(minCandidates, Math.floor(maxCandidates / builders.length)));
  const usesBloomFilters = testsBloomFilters(predicate);
  const times = usesBloomFilters ? always : predicate;
  const openBuilders = (): readonly PageBuilder[] => openOf(builders);
  const fromOf = (): BlockRef | null => openBuilders()[0]?.from ?? null;
  /** All at once, so that all pages continue at the same block. */
  const close = (window: BlockWindow): void => {
    for (const builder of openBuilders()) builder.close(window);
  };
  const rowCount = (): number => openBuilders().reduce((sum, builder) => sum + builder.rowCount, 0);
  let size = limits.windowBlocks;
  /** Blocks of the next window whose events are all tested; 0: the index is searched. */
  let scannedBlocks = openBuilders().some((builder) => builder.isFull()) ? limits.minWindowBlocks : 0;
  let scannedInVain = false;
  let skipping: SkippedBlocks | null = null;

  /** Tests all events of the next blocks: where the index finds many, and where blocks overlap in time. */
  const scanWindow = async (from: BlockRef): Promise<void> => {
    const before = rowCount();
    await search.scanWindow(await readWindow(database, request, { predicate: times, from, size: scannedBlocks }));
    scannedInVain = rowCount() === before && !openBuilders().some((builder) => builder.isFull());
    scannedBlocks = scannedInVain ? 0 : Math.min(scannedBlocks * 4, limits.maxScannedBlocks);
  };

  /** Searches the next window. Returns false, without progress, if the index finds too many events. */
  const searchWindow = async (from: BlockRef): Promise<boolean> => {
    search.checkDeadline();
    if (scannedBlocks > 0) {
      await scanWindow(from);
      return true;
    }
    const window = await readWindowPositions(database, request, { predicate: times, from, size, skipping });
    if (window !== null) {
      const { small, large } = window.extents;
      const extents = small.length > limits.maxSmallExtents ? large : small;
      // The caller tests later events, some of which may have blocks by now.
      const range = { first: window.range.first, last: Math.min(window.range.last, search.to) as Position };
      const isComplete = await addCandidates(database, request, {
        ...search,
        ...window,
        builders: openBuilders(),
        range,
        extents,
        candidates,
      });
      if (!isComplete.every(Boolean)) {
        if (size <= limits.minWindowBlocks || (size <= limits.windowBlocks && !scannedInVain)) {
          scannedBlocks = limits.minWindowBlocks;
          return false;
        }
        const keys = openBuilders().map(({ value }) => value);
        const isCheap = keys.length * condition.scans * small.length <= maxExtentScans;
        skipping = isCheap ? { smallExtents: await occupiedExtents(database, condition, { keys, window }), until: window.next } : null;
        size = limits.minWindowBlocks;
        return false;
      }
    }
    close({ blocks: [], next: window?.next ?? null });
    scannedInVain = false;
    size = Math.min(size * 4, limits.maxWindowBlocks);
    return true;
  };

  for (let from = fromOf(); from !== null && (!(await searchWindow(from)) || scannedBlocks > 0);) from = fromOf();
  const open = openBuilders();
  if (open.length === 0) return;
  const wholeLog = { ...upTo(search.to), extents: null };
  const isComplete = await addCandidates(database, request, { ...search, ...wholeLog, builders: open, candidates });
  for (const [index, builder] of open.entries()) if (isComplete[index] === true) builder.close({ blocks: [], next: null });
  if (scope === 'EVERYTHING' && usesBloomFilters) return;
  for (let from = fromOf(); from !== null; from = fromOf()) await searchWindow(from);
}

interface Candidates extends Pick<IndexSearch, 'builders' | 'scope' | 'condition' | 'parts'>, SearchedRange {
  /** The extents of a window; null: all. */
  readonly extents: readonly number[] | null;
  /** The most candidates of each key. */
  readonly candidates: number;
}

/**
 * Adds the matches among the events that the index finds in a range of the log. Returns for each key
 * whether it has at most `candidates` of these; otherwise it adds none.
 */
async function addCandidates(
  database: Database,
  request: PageRequest,
  { builders, scope, condition, range, partitions, extents, candidates: max, parts }: Candidates,
): Promise<readonly boolean[]> {
  const order = orderSql(directionOf(request));
  const within = extents === null ? condition.met : sql`${condition.met} and ${inExtents(sql`${`{${extents.join(',')}}`}::text::int[]`)}`;
  const found = sql`
    select k.n, s.*
    from ${keyRows(builders.map(({ value }) => value))}
    cross join lateral (
      with candidates as materialized (${limitedCandidates(within, { range, partitions }, max)})
      select c.candidates, e.*
      from (select count(*) as candidates from candidates) c
      left join lateral (
        select ${storedColumns} from candidates e
        where c.candidates <= ${max} and ${inScope[scope]} and ${isWithin(request)}
        order by ${order}
        limit ${request.limit + 1}
      ) e on true
    ) s`;
  const rows = await database.rows<PartialRow & { n: string; candidates: string; position: string | null }>(
    boundedRows({ found, order, extras: sql`e.n, e.candidates,`, parts }),
  );
  const isComplete = builders.map(() => true);
  for (const row of rows) {
    const index = Number(row.n) - 1;
    if (Number(row.candidates) > max) isComplete[index] = false;
    else if (row.position !== null) builders[index]?.add(row);
  }
  return isComplete;
}

/** A range of the log, and all positions of the partitions that hold it. */
type SearchedRange = Pick<WindowPositions, 'range' | 'partitions'>;

function upTo(last: Position): SearchedRange {
  return { range: { first: origin, last }, partitions: { first: origin, last } };
}

/**
 * At most `max` + 1 of the events that the index finds. Only the index must serve: `offset 0` keeps
 * the limit from the planner, which would else read all events in the hope that few are needed, and
 * `is true` the positions.
 */
function limitedCandidates(condition: SQL, { range, partitions }: SearchedRange, max: number): SQL {
  return sql`
    select * from (
      select * from tidings.events e
      where ${condition} and e.position between ${partitions.first} and ${partitions.last}
        and (e.position between ${range.first} and ${range.last}) is true
      offset 0
    ) e
    limit ${max + 1}`;
}

/** The small extents of a window in which the index finds an event of any key. */
async function occupiedExtents(
  database: Database,
  { met }: IndexCondition,
  { keys, window }: { readonly keys: readonly string[]; readonly window: WindowPositions },
): Promise<readonly number[]> {
  const { first, last } = window.partitions;
  const rows = await database.rows<{ key: number }>(sql`
    select distinct b.key
    from ${keyRows(keys)}
    cross join unnest(${`{${window.extents.small.join(',')}}`}::text::int[]) as b (key)
    where exists (
      select from tidings.events e where ${met} and ${inExtents(sql`array[b.key]`)} and e.position between ${first} and ${last} offset 0
    )`);
  return rows.map(({ key }) => key);
}

/** Counts the matches of each key among the events that the index finds; null: there are more than `max` of these. */
export async function countCandidates(
  database: Database,
  request: CountRequest,
  { scope, keys, condition, max }: ScopedKeys & { readonly condition: IndexCondition; readonly max: number },
): Promise<readonly (number | null)[]> {
  const rows = await database.rows<{ n: string; candidates: string; count: string }>(sql`
    select k.n, c.candidates, c.count
    from ${keyRows(keys)}
    cross join lateral (
      select count(*) as candidates, count(*) filter (where ${inScope[scope]} and ${isWithin(request)}) as count
      from (${limitedCandidates(condition.met, upTo(condition.to), max)}) e
    ) c
    order by k.n`);
  return rows.map(({ candidates, count }) => (Number(candidates) > max ? null : Number(count)));
}

/**
 * Whether the index finds more than `max` events among the latest ones. A search of the whole log would
 * collect all events of such a common condition.
 */
export async function isCommon(database: Database, { met, to }: IndexCondition, { head, max }: SelectivityBounds): Promise<boolean> {
  const last = head < to ? head : to;
  const recent = inExtents(
    sql`array(${extentsOf('small', { first: sql`greatest(${last}::bigint - ${recentEvents}, 0)`, last: sql`${last}` })})`,
  );
  return findsMore(database, sql`${met} and ${recent}`, { head: last, max });
}

/** Whether the index finds at most `max` events up to a head. */
export async function isSelective(database: Database, condition: IndexCondition, bounds: SelectivityBounds): Promise<boolean> {
  return !(await isCommon(database, condition, bounds)) && !(await findsMore(database, condition.met, bounds));
}

interface SelectivityBounds {
  readonly head: Position;
  readonly max: number;
}

async function findsMore(database: Database, condition: SQL, { head, max }: SelectivityBounds): Promise<boolean> {
  const rows = await database.rows(sql`select from (${limitedCandidates(condition, upTo(head), max)}) e offset ${max} limit 1`);
  return rows.length > 0;
}

export interface SearchLimits {
  /** The candidates of one statement. */
  readonly candidates: number;
  /** Blocks of the first window, of the smallest, and of the largest one. */
  readonly windowBlocks: number;
  readonly minWindowBlocks: number;
  readonly maxWindowBlocks: number;
  /** Blocks of the largest window in which all events are tested. */
  readonly maxScannedBlocks: number;
  /** With more small extents, large ones are searched. */
  readonly maxSmallExtents: number;
}

export const defaultSearchLimits: SearchLimits = {
  candidates: 1000,
  windowBlocks: 1024,
  minWindowBlocks: 64,
  maxWindowBlocks: 16_384,
  maxScannedBlocks: 4096,
  maxSmallExtents: 32,
};
const recentEvents = 65_536;
/** With more scans, looking up which extents have events costs more than it saves. */
const maxExtentScans = 4096;
/** Candidates of all keys of a statement, unless that leaves fewer than the minimum to each. */
const maxCandidates = 20_000;
const minCandidates = 100;
