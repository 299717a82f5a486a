import { sql, type SQL } from 'drizzle-orm';
import { always, testsBloomFilters, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { extentsOf, indexConditionOf, type ExtentLevel } from '../filter-sql/index-condition.ts';
import { partitionsOf, type PositionRange } from '../log/event-ranges.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import { isContentIndexComplete } from '../skip-index/content-index.ts';
import { primaryResourceOf } from './access-path.ts';
import {
  blockColumns,
  blockRefOf,
  isBlockRow,
  orderSql,
  readWindow,
  windowSql,
  type BlockRef,
  type BlockRow,
  type BlockWindow,
  type WindowPositions,
  type WindowRequest,
} from './block-windows.ts';
import { findInWindow, type CandidateSearch } from './candidates.ts';
import { withKnownIds } from './known-ids.ts';
import { nextOccupied } from './next-occupied.ts';
import { openOf, type PageBuilder } from './page-builder.ts';
import { directionOf, type PageRequest, type PageScope } from './page-request.ts';
import { indexedScope } from './page-sql.ts';

/**
 * What the index of the events serves of a filter and a scope; null: nothing, or not all partitions
 * have the index yet.
 */
export async function indexConditionFor(
  database: Database,
  { filter, head, knownHead = head }: Pick<PageRequest, 'filter' | 'head' | 'knownHead'>,
  scope: PageScope = 'EVERYTHING',
): Promise<IndexCondition | null> {
  if (!(await isContentIndexComplete(database))) return null;
  const { filter: known, to } = await withKnownIds(database, filter, knownHead);
  const condition = indexConditionOf(known);
  const parts = [condition?.met, indexedScope[scope]].flatMap((part) => part ?? []);
  if (parts.length === 0) return null;
  return {
    met: sql.join(parts, sql` and `),
    scans: condition?.scans ?? 1,
    key: condition?.key ?? '',
    resource: primaryResourceOf(known),
    to,
  };
}

export interface IndexSearch extends Omit<CandidateSearch, 'keys'> {
  /** The pages to continue, all at the same block. */
  readonly builders: readonly PageBuilder[];
  readonly predicate: PruningPredicate;
  /** Whether to end after the first window that the index serves. */
  readonly isFirstOnly: boolean;
  /** Tests all events of a window for the pages that are not complete, and closes it. */
  readonly scanWindow: (window: BlockWindow) => Promise<void>;
  readonly checkDeadline: () => void;
  readonly limits: SearchLimits;
}

/**
 * Continues pages with the events that the index finds, instead of reading blocks: in windows of
 * blocks, in the direction of the page. Where the index finds many events, all events of some blocks are
 * tested; if that finds none, the window is divided. Without a match so far, blocks before the first event that
 * the index finds are skipped.
 *
 * Assumes: the caller tests all events after `condition.to`.
 * Guarantees: as a block scan, all matches up to `builder.from`. No statement reads many more events of
 * a key than `max`. Leaves pages unfinished after the first window if the predicate tests Bloom
 * filters, which may select better.
 */
export async function searchIndex(database: Database, request: PageRequest, search: IndexSearch): Promise<void> {
  const { builders, limits, scope, predicate, condition } = search;
  const usesBloomFilters = testsBloomFilters(predicate);
  const times = usesBloomFilters ? always : predicate;
  const openBuilders = (): readonly PageBuilder[] => openOf(builders);
  const fromOf = (): BlockRef | null => openBuilders()[0]?.from ?? null;
  /** All at once, so that all pages continue at the same block. */
  const close = (next: BlockRef | null): void => {
    for (const builder of openBuilders()) builder.close(next);
  };
  const rowCount = (): number => openBuilders().reduce((sum, builder) => sum + builder.rowCount, 0);
  let size = limits.windowBlocks;
  /** Blocks of the next window whose events are all tested; 0: the index is searched. */
  let scannedBlocks = openBuilders().some((builder) => builder.isFull()) ? limits.minWindowBlocks : 0;
  let scannedInVain = false;
  /** Whether to skip what the index finds empty, if there is no match yet: at the beginning, and after a large window. */
  let mayJump = !search.isFirstOnly;
  /** Whether the next blocks have events that the index finds, so that testing Bloom filters would not pay. */
  let hasJumped = false;

  /** Tests all events of the next blocks: where the index finds many, and where blocks overlap in time. */
  const scanWindow = async (from: BlockRef): Promise<void> => {
    const before = rowCount();
    const tested = scope === 'EVERYTHING' && !hasJumped ? predicate : times;
    hasJumped = false;
    await search.scanWindow(await readWindow(database, request, { predicate: tested, from, size: scannedBlocks }));
    scannedInVain = rowCount() === before && !openBuilders().some((builder) => builder.isFull());
    scannedBlocks = scannedInVain ? 0 : Math.min(scannedBlocks * 4, limits.maxScannedBlocks);
  };

  /** Searches the next window. Returns false, without progress, if the index finds too many events. */
  const searchWindow = async (from: BlockRef): Promise<boolean> => {
    search.checkDeadline();
    const open = openBuilders();
    const keys = open.map(({ value }) => value);
    if (mayJump && open.every((builder) => builder.rowCount === 0)) {
      mayJump = false;
      const target = await nextOccupied(database, request, { condition, keys, from });
      if (target?.last !== from.last) {
        close(target);
        scannedBlocks = limits.minWindowBlocks;
        size = limits.windowBlocks;
        hasJumped = true;
        return false;
      }
    }
    if (scannedBlocks > 0) {
      await scanWindow(from);
      return true;
    }
    const window = await readWindowPositions(database, request, { predicate: times, from, size });
    if (window !== null) {
      const { small, large } = window.extents;
      const extents = small.length > limits.maxSmallExtents ? large : small;
      // The caller tests later events, some of which may have blocks by now.
      const range = { first: window.range.first, last: Math.min(window.range.last, condition.to) as Position };
      const found = await findInWindow(database, request, { ...search, keys, window: { ...window, range }, extents });
      for (const [index, { rows }] of found.entries()) for (const row of rows) open[index]?.add(row);
      if (!found.every(({ areAll }) => areAll)) {
        const isSmall = size <= limits.minWindowBlocks || (size <= limits.windowBlocks && !scannedInVain);
        if (isSmall) scannedBlocks = limits.minWindowBlocks;
        else size = limits.minWindowBlocks;
        return false;
      }
    }
    close(window?.next ?? null);
    scannedInVain = false;
    mayJump = size === limits.maxWindowBlocks;
    size = Math.min(size * 4, limits.maxWindowBlocks);
    return true;
  };

  for (let from = fromOf(); from !== null; from = fromOf()) {
    const isSearched = await searchWindow(from);
    if (isSearched && scannedBlocks === 0 && (search.isFirstOnly || (scope === 'EVERYTHING' && usesBloomFilters))) return;
  }
}

/** The most candidates of each of so many keys. */
export function maxCandidatesOf(keys: readonly string[], { candidates }: SearchLimits): number {
  return Math.min(candidates, Math.max(minCandidates, Math.floor(maxCandidates / keys.length)));
}

/** As `readWindow`, without the blocks; null if there are none. */
async function readWindowPositions(database: Database, request: PageRequest, window: WindowRequest): Promise<WindowPositions | null> {
  const order = orderSql(directionOf(request));
  const { size } = window;
  const [row] = await database.rows<Partial<BlockRow> & PositionsRow>(sql`
    with found as materialized (${windowSql(request, window)}),
    w as materialized (select * from found d order by ${order} limit ${size})
    select g.*, ${partitionsOf(sql`g.range_first`, sql`g.range_last`)}, d.*
    from (
      select min(d.first) as range_first, max(d.last) as range_last, ${extentList('small')} as small, ${extentList('large')} as large from w d
    ) g
    left join lateral (select ${blockColumns} from found d order by ${order} offset ${size} limit 1) d on true`);
  if (row === undefined || row.range_first === null) return null;
  return {
    range: rangeOf(row.range_first, row.range_last),
    partitions: rangeOf(row.partitions_first, row.partitions_last),
    extents: { small: JSON.parse(row.small) as readonly number[], large: JSON.parse(row.large) as readonly number[] },
    next: isBlockRow(row) ? blockRefOf(row) : null,
  };
}

/** The extents of the blocks of `w` as a JSON list. */
function extentList(level: ExtentLevel): SQL {
  return sql`(select json_agg(distinct b.key)::text from w d cross join lateral ${extentsOf(level, blockBounds)} b)`;
}

const blockBounds = { first: sql`d.first`, last: sql`d.last` };

interface PositionsRow {
  readonly small: string;
  readonly large: string;
  readonly range_first: string | null;
  readonly range_last: string;
  readonly partitions_first: string;
  readonly partitions_last: string;
}

function rangeOf(first: string, last: string): PositionRange {
  return { first: Number(first) as Position, last: Number(last) as Position };
}

export interface SearchLimits {
  /** The most events of one resource that are tested in order, and of all resources. */
  readonly resourceEvents: number;
  readonly firstEvents: number;
  /** The most candidates of a key. */
  readonly candidates: number;
  /** Blocks of the first window, of the smallest, and of the largest one. */
  readonly windowBlocks: number;
  readonly minWindowBlocks: number;
  readonly maxWindowBlocks: number;
  /** Blocks of the largest window in which all events are tested. */
  readonly maxScannedBlocks: number;
  /** With more small extents, large ones are searched. */
  readonly maxSmallExtents: number;
  /** The most blocks that Bloom filters find in the whole log at once: as many events as are tested in order. */
  readonly fewBlocks: number;
}

export const defaultSearchLimits: SearchLimits = {
  resourceEvents: 1000,
  firstEvents: 4000,
  candidates: 1000,
  windowBlocks: 1024,
  minWindowBlocks: 64,
  maxWindowBlocks: 16_384,
  maxScannedBlocks: 4096,
  maxSmallExtents: 32,
  fewBlocks: 64,
};
/** Candidates of all keys of a statement, unless that leaves fewer than the minimum to each. */
const maxCandidates = 20_000;
const minCandidates = 100;
