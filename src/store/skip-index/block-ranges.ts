import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import type { PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { Database } from '../database/database.ts';
import { usesTermIndex, prunedSearchSql } from './pruning-sql.ts';
import type { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { eventsBetween, occurredBetween } from '../log/event-ranges.ts';

/** A part of the log: after `from`, up to and including `to`. */
export interface LogRange {
  readonly from: Position;
  readonly to: Position;
}

/** The digests that end in a stretch, and if they do not reach its end, the events behind them. */
export interface BlockRange extends LogRange {
  /** The last of the digests. */
  readonly indexedTo: Position;
}

/** Spans of stretches that begin and end with digests, or at the head: as many digests in each as the pace has it. Those with one end stay together. */
export async function* blockRangesOf(
  database: Database,
  ranges: readonly LogRange[],
  adaptiveBatch: AdaptiveBatch,
): AsyncGenerator<BlockRange, undefined> {
  for (const { from: start, to: end } of ranges) {
    for (let from = start; from < end;) {
      adaptiveBatch.checkDeadline();
      const [row] = await database.rows<{ next: string | null; digested: string }>(sql`
        select min(last) filter (where n = ${adaptiveBatch.batchSize + 1}) as next, coalesce(max(last), ${from}) as digested
        from (
          select last, row_number() over (order by last, part) as n
          from (select last, part from tidings.digests where last > ${from} and last <= ${end} order by last, part limit ${adaptiveBatch.batchSize + 1}) d
        ) d`);
      const next = row?.next ?? null;
      const to = next === null ? end : ((Number(next) - 1) as Position);
      yield { from, to, indexedTo: next === null ? (Number(row?.digested) as Position) : to };
      from = to;
    }
  }
}

interface PruningOptions {
  readonly predicate: PruningPredicate;
  /** What else a digest `d` must pass, through digests_by_terms. */
  readonly scopeTest?: SQL | null;
}

/** Where a span may have matches, as rows of `first`, `last`, `first_occurred` and `last_occurred`: its digests that pass, and what is behind them. */
export function candidateRanges({ from, to, indexedTo }: BlockRange, { predicate, scopeTest = null }: PruningOptions): SQL {
  // By the primary key, but where digests_by_terms shall serve alone.
  const between = sql`(d.last > ${from} and d.last <= ${indexedTo})`;
  return sql`
    (
      select d.first, d.last, d.first_occurred, d.last_occurred from tidings.digests d
      where ${usesTermIndex(predicate) || scopeTest !== null ? sql`${between} is true` : between} and ${prunedSearchSql(predicate)} and ${scopeTest ?? sql`true`} offset 0
    )
    union all
    select ${indexedTo} + 1, ${to}, '-infinity', 'infinity' where ${indexedTo}::bigint < ${to}`;
}

/** The events in a row `r` of `rangesOf`. Digests of one chapter lie between each other, so one may begin before its span. */
export function eventsIn({ to }: BlockRange): SQL {
  return sql`
    select e.* from (${eventsBetween({ first: sql`r.first`, last: sql`r.last` }, { first: origin, last: to })}) e
    where ${occurredBetween(sql`r.first_occurred`, sql`r.last_occurred`)}`;
}
