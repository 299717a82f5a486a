import { sql } from 'drizzle-orm';
import { origin } from '../../event/cursor.ts';
import { conjunctsOf, type Condition } from '../../filter/filter.ts';
import { columnFilter, type ColumnFilter } from '../../skip-index/columns/column-filter.ts';
import { indexOfColumn, type ColumnRef } from '../../skip-index/columns/column-ref.ts';
import type { Database } from '../database/database.ts';
import { blockRangesOf, candidateEvents, rangeCondition, type EventSearch, type LogRange } from '../skip-index/block-ranges.ts';
import { readRowGroups } from '../skip-index/row-group-columns.ts';
import { readLogStart } from '../log/log-start.ts';
import { countInLog } from './candidates.ts';
import { readKnownCount, rememberCount } from './known-counts.ts';
import { searchMemoryOf } from './search-memory.ts';
import { indexConditionFor } from './index-search.ts';
import type { PrunedKeys } from './block-scan.ts';
import { fewEventsDuring } from './ordered-scan.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { inScope, isWithin, keyRows } from './page-sql.ts';
import type { CountRequest, ScopedKeys } from './page-request.ts';

/**
 * Counts the events of each key up to `max` + 1: through the index of the events if it finds few, else
 * by columns if these decide the filter. What is left is counted in block ranges, so that no
 * statement takes long, however few events match.
 */
export async function countMatches(
  database: Database,
  request: CountRequest,
  { scope, keys, predicate, initialBlocks = defaultInitialBlocks, candidates }: Omit<PrunedKeys, 'parts'> & CountMatchesOptions,
): Promise<readonly number[]> {
  const known = scope === 'EVERYTHING' ? await readKnownCount(database, request) : null;
  if (known !== null) return [known];
  const max = candidates ?? Math.max(defaultCandidates, Math.floor(request.max / keys.length));
  const few = scope === 'EVERYTHING' ? await fewEventsDuring(database, { ...request, max }) : null;
  if (few !== null) {
    const rows = await database.rows<{ count: string }>(sql`select count(*) from (${few}) e where ${isWithin(request)}`);
    return rows.map(({ count }) => Math.min(Number(count), request.max + 1));
  }
  const condition = await indexConditionFor(database, request, scope);
  const columns = scope === 'EVERYTHING' ? columnsOf(request.filter) : null;
  const { common } = searchMemoryOf(database);
  const key = `${max} ${condition?.key}`;
  const usesIndex = condition !== null && (columns === null || !common.has(key));
  const byIndex = usesIndex ? await countInLog(database, request, { scope, keys, condition, max }) : null;
  if (scope === 'EVERYTHING' && byIndex?.counts.includes(null)) common.set(key, 'COMMON');
  const logStart = byIndex?.logStart ?? (await readLogStart(database));
  const found = byIndex?.counts ?? keys.map(() => null);
  const search = { scope, predicate, condition: scope === 'EVERYTHING' ? rangeCondition(condition, predicate) : condition };
  const uncounted = keys.filter((_, index) => found[index] === null);
  const scanned =
    uncounted.length === 0 ? [] : await countByScan(database, request, { ...search, keys: uncounted, columns, initialBlocks });
  let next = 0;
  const counts = found.map((count) => Math.min(count ?? scanned[next++] ?? 0, request.max + 1));
  const [count = 0] = counts;
  if (scope === 'EVERYTHING')
    rememberCount(database, request, { count, isExact: count <= request.max, logStart, search: uncounted.length === 0 ? 'FAST' : 'SLOW' });
  return counts;
}

interface CountScan extends EventSearch, ScopedKeys {
  readonly columns: NeededColumns | null;
  readonly initialBlocks: number;
}

/** Counts the events of each key: by columns, and in the ranges of the log that are left. */
async function countByScan(
  database: Database,
  request: CountRequest,
  { scope, keys, columns, initialBlocks, ...search }: CountScan,
): Promise<readonly number[]> {
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialBlocks);
  const counts = keys.map(() => 0);
  const isOpen = (index: number): boolean => (counts[index] ?? 0) <= request.max;
  let ranges: readonly LogRange[] = [{ from: origin, to: request.head }];
  if (columns !== null) {
    const byColumns = await countByColumns(database, request, { ...columns, predicate: search.predicate });
    counts[0] = byColumns.count;
    ranges = isOpen(0) ? byColumns.uncounted : [];
  }
  for await (const blockRange of blockRangesOf(database, ranges, adaptiveBatch)) {
    const open = Array.from(keys.keys()).filter(isOpen);
    if (open.length === 0) break;
    const statement = sql`
        select k.n, c.count
        from ${keyRows(open.map((index) => keys[index] ?? ''))}
        cross join lateral (
          select count(*) from (
            select from (${candidateEvents(blockRange, search)}) e
            where ${inScope[scope]} and ${isWithin(request)}
            limit ${request.max + 1}
          ) matching
        ) c`;
    const rows = await adaptiveBatch.timed(() => database.rows<CountRow>(statement));
    for (const row of rows) {
      const index = open[Number(row.n) - 1] ?? 0;
      counts[index] = (counts[index] ?? 0) + Number(row.count);
    }
  }
  return counts;
}

interface NeededColumns {
  readonly needs: readonly ColumnRef[];
  readonly filter: ColumnFilter;
}

/** The columns that decide a filter; null: none do, or too many. */
function columnsOf(filter: Condition): NeededColumns | null {
  const needs: ColumnRef[] = [];
  const columns = columnFilter(conjunctsOf(filter), (column) => indexOfColumn(needs, column));
  return columns === null || needs.length > maxColumns ? null : { needs, filter: columns };
}

/** Counts by columns up to `max` + 1, and returns the ranges of the log that are left. */
async function countByColumns(
  database: Database,
  { head, max }: CountRequest,
  { needs, filter, predicate }: NeededColumns & Pick<PrunedKeys, 'predicate'>,
): Promise<{ readonly count: number; readonly uncounted: readonly LogRange[] }> {
  let [count, rowGroups] = [0, 0];
  const uncounted = await readRowGroups(database, head, {
    needs,
    needsTimes: filter.needsTimes,
    predicate,
    expected: () => (rowGroups === 0 ? initialRowGroups : count === 0 ? Infinity : Math.ceil((max + 1 - count) / (count / rowGroups))),
    add(rowGroup) {
      rowGroups += 1;
      const selection = filter.selection(rowGroup);
      count += selection === null ? rowGroup.count : sumOf(selection);
      return count <= max;
    },
  });
  return { count, uncounted };
}

/** A plain loop takes a fifth of the time of `reduce`. */
function sumOf(selection: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < selection.length; index += 1) sum += selection[index] ?? 0;
  return sum;
}

interface CountMatchesOptions {
  /** With more events that the index finds, columns or blocks are read. */
  readonly candidates?: number;
  /** Summaries of the first block range. */
  readonly initialBlocks?: number;
}

interface CountRow {
  readonly n: string;
  readonly count: string;
}

const defaultCandidates = 2000;
/** Each column is another join. */
const maxColumns = 12;
/** Enough for a count up to its usual limit, 10,000, if a sixth of the events matches. */
const initialRowGroups = 64;
/** Summaries of the first block range; the following ranges grow while statements are fast. */
const defaultInitialBlocks = 256;
