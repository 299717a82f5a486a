import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import type { DigestTest } from '../../skip-index/pruning-predicate.ts';
import type { Database } from '../database/database.ts';
import { isFiled, searchSql } from './pruning-sql.ts';
import type { Pace } from '../database/adaptive-batch.ts';
import { eventsBetween, occurredBetween } from '../log/event-ranges.ts';

/** A part of the log: after `from`, up to and including `to`. */
export interface Stretch {
  readonly from: Position;
  readonly to: Position;
}

/** The digests that end in a stretch, and if they do not reach its end, the events behind them. */
export interface Span extends Stretch {
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

interface Passing {
  readonly test: DigestTest;
  /** What else a digest `d` must pass, through digests_by_terms. */
  readonly tied?: SQL | null;
}

/** Where a span may have matches, as rows of `first`, `last`, `first_occurred` and `last_occurred`: its digests that pass, and what is behind them. */
export function rangesOf({ from, to, digested }: Span, { test, tied = null }: Passing): SQL {
  // By the primary key, but where digests_by_terms shall serve alone.
  const between = sql`(d.last > ${from} and d.last <= ${digested})`;
  return sql`
    (
      select d.first, d.last, d.first_occurred, d.last_occurred from tidings.digests d
      where ${isFiled(test) || tied !== null ? sql`${between} is true` : between} and ${searchSql(test)} and ${tied ?? sql`true`} offset 0
    )
    union all
    select ${digested} + 1, ${to}, '-infinity', 'infinity' where ${digested}::bigint < ${to}`;
}

/** The events in a row `r` of `rangesOf`. Digests of one chapter lie between each other, so one may begin before its span. */
export function eventsIn({ to }: Span): SQL {
  return sql`
    select e.* from (${eventsBetween({ first: sql`r.first`, last: sql`r.last` }, { first: origin, last: to })}) e
    where ${occurredBetween(sql`r.first_occurred`, sql`r.last_occurred`)}`;
}
