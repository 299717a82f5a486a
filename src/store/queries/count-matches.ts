import { sql } from 'drizzle-orm';
import { origin } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { eventsIn, candidateRanges, blockRangesOf } from '../skip-index/block-ranges.ts';
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
  { scope, keys, predicate, initialBlocks = defaultInitialBlocks }: Omit<PrunedKeys, 'needsPayload'> & CountMatchesOptions,
): Promise<readonly number[]> {
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialBlocks);
  const counts = keys.map(() => 0);
  for await (const blockRange of blockRangesOf(database, [{ from: origin, to: request.head }], adaptiveBatch)) {
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

interface CountMatchesOptions {
  /** Summaries of the first block range. */
  readonly initialBlocks?: number;
}

interface CountRow {
  readonly n: number;
  readonly count: string;
}

/** Summaries of the first block range; the following ranges grow while statements are fast. */
const defaultInitialBlocks = 256;
