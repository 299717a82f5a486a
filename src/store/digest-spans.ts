import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../event/cursor.ts';
import type { DigestTest } from '../event/digest-test.ts';
import type { Condition } from '../event/filter.ts';
import type { Database } from './database.ts';
import { isFiled, searchSql } from './digest-sql.ts';
import { sqlOf } from './filter-sql.ts';
import type { Pace } from './pace.ts';
import { occurredBetween } from './page-request.ts';

/** A part of the log: after `from`, up to and including `to`. */
export interface Stretch {
  readonly from: Position;
  readonly to: Position;
}

/** The digests that end in a stretch, and if they do not reach its end, the events behind them. */
interface Span extends Stretch {
  /** The last of the digests. */
  readonly digested: Position;
}

/** Spans of stretches that begin and end with digests, or at the head: as many digests in each as the pace has it. Those with one end stay together. */
export async function* spansOf(database: Database, stretches: readonly Stretch[], pace: Pace): AsyncGenerator<Span, undefined> {
  for (const { from: start, to: end } of stretches) {
    for (let from = start; from < end;) {
      pace.check();
      const [row] = await database.rows<{ next: string | null; digested: string }>(sql`
        select min(last) filter (where n = ${pace.share + 1}) as next, coalesce(max(last), ${from}) as digested
        from (
          select last, row_number() over (order by last, part) as n
          from (select last, part from tidings.digests where last > ${from} and last <= ${end} order by last, part limit ${pace.share + 1}) d
        ) d`);
      const next = row?.next ?? null;
      const to = next === null ? end : ((Number(next) - 1) as Position);
      yield { from, to, digested: next === null ? (Number(row?.digested) as Position) : to };
      from = to;
    }
  }
}

/** The events of a span that match. */
export function matchesIn({ from, to, digested }: Span, filter: Condition, test: DigestTest): SQL {
  // By the primary key, but where digests_by_terms shall serve alone.
  const between = sql`(d.last > ${from} and d.last <= ${digested})`;
  return sql`
    select e.*
    from (
      (
        select d.first, d.last, d.first_occurred, d.last_occurred from tidings.digests d
        where ${isFiled(test) ? sql`${between} is true` : between} and ${searchSql(test)} offset 0
      )
      union all
      select ${digested} + 1, ${to}, '-infinity', 'infinity' where ${digested}::bigint < ${to}
    ) r
    cross join lateral (
      select * from tidings.events e
      where e.position between r.first and r.last and ${occurredBetween(sql`r.first_occurred`, sql`r.last_occurred`)}
        and e.position <= ${to} and ${sqlOf(filter)}
      offset 0
    ) e`;
}
