import { sql, type SQL } from 'drizzle-orm';
import { always, testsBloomFilters, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { origin, type Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import { boundedRows, type PartialRow } from '../database/bounded-rows.ts';
import type { Database } from '../database/database.ts';
import { storedColumns } from '../database/event-row.ts';
import { inBuckets, indexConditionOf } from '../filter-sql/index-condition.ts';
import type { PositionRange } from '../log/event-ranges.ts';
import type { IndexCondition } from '../skip-index/block-ranges.ts';
import { isContentIndexComplete } from '../skip-index/content-index.ts';
import { readWindow, readWindowPositions, type BlockRef } from './block-windows.ts';
import { withKnownIds } from './known-ids.ts';
import type { PageBuilder } from './page-builder.ts';
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
  const parts = [indexConditionOf(known), indexedScope[scope]].flatMap((part) => part ?? []);
  return parts.length === 0 ? null : { met: sql.join(parts, sql` and `), to };
}

export interface IndexSearch {
  readonly scope: PageScope;
  readonly condition: IndexCondition;
  readonly predicate: PruningPredicate;
  readonly needsPayload: boolean;
  /** The end of the events to search; the caller tests all later ones. */
  readonly to: Position;
  /** Tests all events of these blocks for these pages. */
  readonly checkBlocks: (builders: readonly PageBuilder[], blocks: readonly BlockRef[]) => Promise<void>;
  readonly checkDeadline: () => void;
  readonly limits: SearchLimits;
}

/**
 * Continues pages with the events that the index finds, instead of reading blocks. First in the
 * whole log: if the index finds few events, that completes a page. Else in windows of blocks, in the
 * direction of the page.
 *
 * Guarantees: as a block scan, all matches up to `builder.from`. Matches after a window are added
 * early, which does not harm. No statement reads many more events than `limits` has candidates. Leaves
 * pages unfinished if the predicate tests Bloom filters, which may select better.
 */
export async function searchIndex(
  database: Database,
  request: PageRequest,
  builders: readonly PageBuilder[],
  search: IndexSearch,
): Promise<void> {
  const { limits, scope, predicate } = search;
  const candidates = Math.max(minCandidates, Math.min(limits.candidates, Math.floor(maxCandidates / builders.length)));
  const wholeLog = { range: { first: origin, last: search.to }, buckets: null };
  const isComplete = await addCandidates(database, request, builders, { ...search, ...wholeLog, candidates });
  for (const [index, builder] of builders.entries()) if (isComplete[index] === true) builder.close(endOfLog);
  const prunes = testsBloomFilters(predicate);
  if (scope === 'EVERYTHING' && prunes) return;
  const times = prunes ? always : predicate;
  for (let size = limits.windowBlocks; ;) {
    const open = builders.filter(({ from }) => from !== null);
    const from = open[0]?.from ?? null;
    if (from === null) return;
    search.checkDeadline();
    if (size <= limits.scannedBlocks) {
      const window = await readWindow(database, request, times, { from, size });
      await search.checkBlocks(open, window.blocks);
      for (const builder of open) builder.close(window);
      size = limits.windowBlocks;
      continue;
    }
    const { range, buckets, next } = await readWindowPositions(database, request, times, { from, size });
    const found = range === null ? [] : await addCandidates(database, request, open, { ...search, range, buckets, candidates });
    if (found.every(Boolean)) {
      // All at once, so that all pages continue at the same block.
      for (const builder of open) builder.close({ blocks: [], next });
      size = Math.min(size * 4, limits.maxWindowBlocks);
    } else {
      size >>= 2;
    }
  }
}

interface Candidates extends Pick<IndexSearch, 'scope' | 'condition' | 'needsPayload'> {
  readonly range: PositionRange;
  /** The buckets of a window; null: all. */
  readonly buckets: readonly number[] | null;
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
  builders: readonly PageBuilder[],
  { scope, condition, range, buckets, candidates: max, needsPayload }: Candidates,
): Promise<readonly boolean[]> {
  const order = orderSql(directionOf(request));
  const within = buckets === null ? condition.met : sql`${condition.met} and ${inBuckets(sql`${`{${buckets.join(',')}}`}::text::int[]`)}`;
  const found = sql`
    select k.n, s.*
    from ${keyRows(builders.map(({ value }) => value))}
    cross join lateral (
      with candidates as materialized (${limitedCandidates(within, range, max)})
      select c.candidates, e.*
      from (select count(*) as candidates from candidates) c
      left join (
        select ${storedColumns} from candidates e where ${inScope[scope]} and ${isWithin(request)} order by ${order} limit ${request.limit + 1}
      ) e on true
    ) s`;
  const rows = await database.rows<PartialRow & { n: string; candidates: string; position: string | null }>(
    boundedRows({ found, order, extras: sql`e.n, e.candidates,`, needsPayload }),
  );
  const isComplete = builders.map(() => true);
  for (const row of rows) {
    const index = Number(row.n) - 1;
    if (Number(row.candidates) > max) isComplete[index] = false;
    else if (row.position !== null) builders[index]?.add(row);
  }
  return isComplete;
}

/**
 * At most `max` + 1 of the events that the index finds. Only the index must serve: `offset 0` keeps
 * the limit from the planner, which would else read all events in the hope that few are needed.
 */
function limitedCandidates(condition: SQL, { first, last }: PositionRange, max: number): SQL {
  return sql`
    select * from (
      select * from tidings.events e where ${condition} and e.position between ${first} and ${last} offset 0
    ) e
    limit ${max + 1}`;
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
      from (${limitedCandidates(condition.met, { first: origin, last: condition.to }, max)}) e
    ) c
    order by k.n`);
  return rows.map(({ candidates, count }) => (Number(candidates) > max ? null : Number(count)));
}

/** Whether the index finds at most `max` events. */
export async function isSelective(database: Database, { met, to }: IndexCondition, max: number): Promise<boolean> {
  const rows = await database.rows(sql`select from (${limitedCandidates(met, { first: origin, last: to }, max)}) e offset ${max} limit 1`);
  return rows.length === 0;
}

export interface SearchLimits {
  /** The candidates of one statement. */
  readonly candidates: number;
  /** Blocks of the first window, and of the largest one. */
  readonly windowBlocks: number;
  readonly maxWindowBlocks: number;
  /** In so few blocks, all events are tested. */
  readonly scannedBlocks: number;
}

export const defaultSearchLimits: SearchLimits = { candidates: 2000, windowBlocks: 64, maxWindowBlocks: 16_384, scannedBlocks: 16 };
const endOfLog = { blocks: [], next: null };
/** Candidates of all keys of a statement, unless that leaves fewer than the minimum to each. */
const maxCandidates = 20_000;
const minCandidates = 100;
