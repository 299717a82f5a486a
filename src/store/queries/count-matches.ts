import { sql } from 'drizzle-orm';
import { origin } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { eventsIn, candidateRanges, blockRangesOf } from '../skip-index/block-ranges.ts';
import type { PrunedKeys } from './block-scan.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { inScope, isWithin, scopeTermRows, scopeTermTest } from './page-sql.ts';
import type { CountRequest } from './page-request.ts';

/**
 * Counts through digests: each key's events, up to `max` + 1, in stretches that may hold some and behind the last digest.
 * Goes through the log in spans of digests, so that no statement takes long, however few match.
 */
export async function countMatches(
  database: Database,
  request: CountRequest,
  { scope, keys, predicate, initialBlocks: first = defaultInitialBlocks }: PrunedKeys & CountMatchesOptions,
): Promise<readonly number[]> {
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, first);
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
  /** Digests of the first statement. */
  readonly initialBlocks?: number;
}

interface CountRow {
  readonly n: number;
  readonly count: string;
}

/** Digests of the first statement; the next ones take on more, if it was quick. */
const defaultInitialBlocks = 256;
