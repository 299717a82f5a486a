import { sql } from 'drizzle-orm';
import { origin } from '../../event/cursor.ts';
import { conjunctsOf } from '../../filter/filter.ts';
import { columnFilter } from '../../skip-index/columns/column-filter.ts';
import { indexOfColumn, type ColumnRef } from '../../skip-index/columns/column-ref.ts';
import type { PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { Database } from '../database/database.ts';
import { eventsIn, candidateRanges, blockRangesOf, type LogRange } from '../skip-index/block-ranges.ts';
import { readRowGroups } from '../skip-index/row-group-columns.ts';
import { areTermsFrequent } from './column-scan.ts';
import type { PrunedKeys } from './block-scan.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { inScope, isWithin, scopeTermRows, scopeTermTest } from './page-sql.ts';
import type { CountRequest } from './page-request.ts';

/**
 * Counts the events of each key up to `max` + 1, by scanning the blocks that can have matches and
 * the unindexed events. Reads the log in block ranges, so that no statement takes long, however few
 * events match.
 */
export async function countMatches(
  database: Database,
  request: CountRequest,
  {
    scope,
    keys,
    predicate,
    initialBlocks = defaultInitialBlocks,
    termBlocks = defaultTermBlocks,
  }: Omit<PrunedKeys, 'needsPayload'> & CountMatchesOptions,
): Promise<readonly number[]> {
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialBlocks);
  const counts = keys.map(() => 0);
  const byColumns = scope === 'EVERYTHING' ? await countByColumns(database, request, { predicate, termBlocks }) : null;
  if (byColumns !== null) counts[0] = Math.min(byColumns.count, request.max + 1);
  const ranges = byColumns?.uncounted ?? [{ from: origin, to: request.head }];
  for await (const blockRange of blockRangesOf(database, ranges, adaptiveBatch)) {
    const open = keys.flatMap((value, index) => ((counts[index] ?? 0) <= request.max ? [{ value, index }] : []));
    if (open.length === 0) break;
    const terms = scopeTermRows(
      scope,
      open.map(({ value }) => value),
    );
    const statement = sql`
      select k.n, c.count
      from jsonb_to_recordset(${JSON.stringify(terms)}::text::jsonb) as k (n int, value text, terms text)
      cross join lateral (
        select count(*) from (
          select from (${candidateRanges(blockRange, { predicate, scopeTest: scopeTermTest(scope) })}) r cross join lateral (${eventsIn(blockRange)}) e
          where ${inScope[scope]} and ${isWithin(request)}
          limit ${request.max + 1}
        ) matching
      ) c`;
    const rows = await adaptiveBatch.timed(() => database.rows<CountRow>(statement));
    for (const row of rows) {
      const index = open[row.n]?.index ?? 0;
      counts[index] = Math.min((counts[index] ?? 0) + Number(row.count), request.max + 1);
    }
  }
  return counts;
}

/**
 * Counts by columns up to `max` + 1, if these decide the filter and matches are frequent. Returns
 * the ranges of the log that are left; null if it counted nothing.
 */
async function countByColumns(
  database: Database,
  { filter, head, max }: CountRequest,
  { predicate, termBlocks }: { readonly predicate: PruningPredicate; readonly termBlocks: number },
): Promise<{ readonly count: number; readonly uncounted: readonly LogRange[] } | null> {
  const needs: ColumnRef[] = [];
  const columns = columnFilter(conjunctsOf(filter), (column) => indexOfColumn(needs, column));
  if (columns === null || needs.length > maxColumns || !(await areTermsFrequent(database, predicate, termBlocks))) return null;
  let count = 0;
  const uncounted = await readRowGroups(database, head, {
    needs,
    needsTimes: columns.needsTimes,
    add(rowGroup) {
      count += columns.selection(rowGroup)?.reduce((sum, each) => sum + each, 0) ?? rowGroup.count;
      return count <= max;
    },
  });
  return { count, uncounted };
}

interface CountMatchesOptions {
  /** With fewer blocks that have the required terms, these are scanned instead of reading columns. */
  readonly termBlocks?: number;
  /** Summaries of the first block range. */
  readonly initialBlocks?: number;
}

interface CountRow {
  readonly n: number;
  readonly count: string;
}

const defaultTermBlocks = 1024;
/** Each column is another join. */
const maxColumns = 12;
/** Summaries of the first block range; the following ranges grow while statements are fast. */
const defaultInitialBlocks = 256;
