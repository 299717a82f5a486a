import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../event/cursor.ts';
import type { Database } from './database.ts';
import { isFiled, searchSql } from './digest-sql.ts';
import type { Tested } from './digested-pages.ts';
import { Pace } from './pace.ts';
import { eventsBetween, isTied, isWithin, occurredBetween, type CountRequest } from './page-request.ts';
import { tieTermRows, tieTest } from './tie-terms.ts';

/**
 * Counts through digests: each key's events, up to `max` + 1, in stretches that may hold some and behind the last digest.
 * Goes through the log in spans of digests, so that no statement takes long, however few match.
 */
export async function countDigested(database: Database, request: CountRequest, { tie, keys, test }: Tested): Promise<readonly number[]> {
  const pace = new Pace(database.statementTimeout, firstSpan);
  const counts = keys.map(() => 0);
  const passing = searchSql(test);
  const search = tie !== 'EVERYTHING' || isFiled(test);
  for (let from: Position | null = origin; from !== null;) {
    pace.check();
    const span = pace.share;
    const open = keys.flatMap((key, index) => ((counts[index] ?? 0) <= request.max ? [{ key, index }] : []));
    if (open.length === 0) break;
    const statement: SQL = sql`
      with span as materialized (
        select min(last) filter (where n = ${span + 1}) - 1 as upto, coalesce(max(last), ${from}) as digested
        from (
          select last, row_number() over (order by last, part) as n
          from (select last, part from tidings.digests where last > ${from} order by last, part limit ${span + 1}) d
        ) d
      )
      select k.n, c.count, span.upto
      from span
      cross join jsonb_to_recordset(${JSON.stringify(
        tieTermRows(
          tie,
          open.map(({ key }) => key),
        ),
      )}::text::jsonb)
        as k (n int, value text, terms text)
      cross join lateral (
        select count(*) from (
          select from (
            (
              select d.first, d.last, d.first_occurred, d.last_occurred from tidings.digests d
              where ${places(from, search)} and ${passing} and ${tieTest(tie) ?? sql`true`} offset 0
            )
            union all
            select span.digested + 1, ${request.head}, '-infinity', 'infinity' where span.upto is null
          ) r
          cross join lateral (${eventsBetween({ first: sql`r.first`, last: sql`r.last` }, { first: from, last: request.head })}) e
          where ${occurredBetween(sql`r.first_occurred`, sql`r.last_occurred`)} and ${isTied[tie]} and ${isWithin(request)}
          limit ${request.max + 1}
        ) matching
      ) c`;
    const rows: readonly CountRow[] = await pace.timed(() => database.rows<CountRow>(statement));
    for (const row of rows) {
      const index = open[row.n]?.index ?? 0;
      counts[index] = Math.min((counts[index] ?? 0) + Number(row.count), request.max + 1);
    }
    const upTo = rows[0]?.upto ?? null;
    from = upTo === null ? null : (Number(upTo) as Position);
  }
  return counts;
}

interface CountRow {
  readonly n: number;
  readonly count: string;
  /** The end of the span; null: it was the last. */
  readonly upto: string | null;
}

/** The digests of a span; by the primary key, but where digests_by_terms shall serve alone. */
function places(from: Position, search: boolean): SQL {
  const between = sql`(d.last > ${from} and d.last <= coalesce(span.upto, span.digested))`;
  return search ? sql`${between} is true` : between;
}

/** Digests of the first statement; the next ones take on more, if it was quick. */
const firstSpan = 256;
