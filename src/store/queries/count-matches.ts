import { sql } from 'drizzle-orm';
import { origin } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { eventsIn, rangesOf, spansOf } from '../skip-index/block-ranges.ts';
import type { Tested } from './block-scan.ts';
import { Pace } from '../database/adaptive-batch.ts';
import { isTied, isWithin, tieTermRows, tieTest } from './page-sql.ts';
import type { CountRequest } from './page-request.ts';

/**
 * Counts through digests: each key's events, up to `max` + 1, in stretches that may hold some and behind the last digest.
 * Goes through the log in spans of digests, so that no statement takes long, however few match.
 */
export async function countDigested(
  database: Database,
  request: CountRequest,
  { tie, keys, test, span: first = firstSpan }: Tested & Spanned,
): Promise<readonly number[]> {
  const pace = new Pace(database.statementTimeout, first);
  const counts = keys.map(() => 0);
  for await (const span of spansOf(database, [{ from: origin, to: request.head }], pace)) {
    const open = keys.flatMap((value, index) => ((counts[index] ?? 0) <= request.max ? [{ value, index }] : []));
    if (open.length === 0) break;
    const terms = tieTermRows(
      tie,
      open.map(({ value }) => value),
    );
    const statement = sql`
      select k.n, c.count
      from jsonb_to_recordset(${JSON.stringify(terms)}::text::jsonb) as k (n int, value text, terms text)
      cross join lateral (
        select count(*) from (
          select from (${rangesOf(span, { test, tied: tieTest(tie) })}) r cross join lateral (${eventsIn(span)}) e
          where ${isTied[tie]} and ${isWithin(request)}
          limit ${request.max + 1}
        ) matching
      ) c`;
    const rows = await pace.timed(() => database.rows<CountRow>(statement));
    for (const row of rows) {
      const index = open[row.n]?.index ?? 0;
      counts[index] = Math.min((counts[index] ?? 0) + Number(row.count), request.max + 1);
    }
  }
  return counts;
}

interface Spanned {
  /** Digests of the first statement. */
  readonly span?: number;
}

interface CountRow {
  readonly n: number;
  readonly count: string;
}

/** Digests of the first statement; the next ones take on more, if it was quick. */
const firstSpan = 256;
