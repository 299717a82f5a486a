import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import type { PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { Database } from '../database/database.ts';
import { usesTermIndex, prunedSearchSql } from './pruning-sql.ts';
import type { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { eventsBetween, occurredBetween } from '../log/event-ranges.ts';

/** A range of the log: after `from`, up to and including `to`. */
export interface LogRange {
  readonly from: Position;
  readonly to: Position;
}

/** The block summaries that end within a range, and the unindexed events after them, if any. */
export interface BlockRange extends LogRange {
  /** The end of the last summary. */
  readonly indexedTo: Position;
}

/**
 * Divides ranges of the log into block ranges, each with as many summaries as the adaptive batch
 * allows. A block range ends where a summary ends, or at the end of its range. Summaries with the
 * same end stay together.
 */
export async function* blockRangesOf(
  database: Database,
  ranges: readonly LogRange[],
  adaptiveBatch: AdaptiveBatch,
): AsyncGenerator<BlockRange, undefined> {
  for (const { from: start, to: end } of ranges) {
    for (let from = start; from < end;) {
      adaptiveBatch.checkDeadline();
      const [row] = await database.rows<{ next: string | null; indexed: string }>(sql`
        select min(last) filter (where n = ${adaptiveBatch.batchSize + 1}) as next, coalesce(max(last), ${from}) as indexed
        from (
          select last, row_number() over (order by last, part) as n
          from (select last, part from tidings.digests where last > ${from} and last <= ${end} order by last, part limit ${adaptiveBatch.batchSize + 1}) d
        ) d`);
      const next = row?.next ?? null;
      const to = next === null ? end : ((Number(next) - 1) as Position);
      yield { from, to, indexedTo: next === null ? (Number(row?.indexed) as Position) : to };
      from = to;
    }
  }
}

interface PruningOptions {
  readonly predicate: PruningPredicate;
  /** A further condition on a summary `d`, through the term index. */
  readonly scopeTest?: SQL | null;
}

/**
 * Selects the parts of a block range that can have matches: rows of `first`, `last`,
 * `first_occurred` and `last_occurred`, for the summaries that pass and the unindexed events.
 */
export function candidateRanges({ from, to, indexedTo }: BlockRange, { predicate, scopeTest = null }: PruningOptions): SQL {
  // Through the primary key, except where only the term index should serve: `is true` hides this
  // condition from the planner.
  const between = sql`(d.last > ${from} and d.last <= ${indexedTo})`;
  return sql`
    (
      select d.first, d.last, d.first_occurred, d.last_occurred from tidings.digests d
      where ${usesTermIndex(predicate) || scopeTest !== null ? sql`${between} is true` : between} and ${prunedSearchSql(predicate)} and ${scopeTest ?? sql`true`} offset 0
    )
    union all
    select ${indexedTo} + 1, ${to}, '-infinity', 'infinity' where ${indexedTo}::bigint < ${to}`;
}

/**
 * The events in a row `r` of `candidateRanges`. Summaries of one row group can interleave, so one
 * can start before its range.
 */
export function eventsIn({ to }: BlockRange): SQL {
  return sql`
    select e.* from (${eventsBetween({ first: sql`r.first`, last: sql`r.last` }, { first: origin, last: to })}) e
    where ${occurredBetween(sql`r.first_occurred`, sql`r.last_occurred`)}`;
}
