import { sql, type SQL } from 'drizzle-orm';
import { origin, type Position } from '../../event/cursor.ts';
import { testsBloomFilters, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import type { Database } from '../database/database.ts';
import { passingBlocks } from './pruning-sql.ts';
import { extentsOf, inExtents, type ServedCondition } from '../filter-sql/index-condition.ts';
import type { AdaptiveBatch } from '../database/adaptive-batch.ts';
import { eventsBetween, occurredBetween, partitionsOf, type PositionRange } from '../log/event-ranges.ts';

/** A range of the log: after `from`, up to and including `to`. */
export interface LogRange {
  readonly from: Position;
  readonly to: Position;
}

/** The block summaries that end within a range, and the unindexed events after them, if any. */
export interface BlockRange extends LogRange {
  /** The end of the last summary. */
  readonly indexedTo: Position;
  /** All positions of the partitions that hold the range. */
  readonly partitions: PositionRange;
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
      const summaries = sql`from tidings.digests where last > ${from} and last <= ${end}`;
      const [row] = await database.rows<{ next: string | null; indexed: string; partitions_first: string; partitions_last: string }>(sql`
        select
          (select last ${summaries} order by last, part offset ${adaptiveBatch.batchSize} limit 1) as next,
          coalesce((select max(last) ${summaries}), ${from}) as indexed,
          ${partitionsOf(sql`${from}::bigint + 1`, sql`${end}::bigint`)}`);
      const next = row?.next ?? null;
      const to = next === null ? end : ((Number(next) - 1) as Position);
      const partitions = { first: Number(row?.partitions_first) as Position, last: Number(row?.partitions_last) as Position };
      yield { from, to, indexedTo: next === null ? (Number(row?.indexed) as Position) : to, partitions };
      from = to;
    }
  }
}

/** A condition that the index of the events serves; every match up to `to` meets it. */
export interface IndexCondition extends ServedCondition {
  /** The only primary resource that these matches have; null: there may be several. */
  readonly resource: string | null;
  readonly to: Position;
}

export interface EventSearch {
  readonly predicate: PruningPredicate;
  /** Null: the index of the events serves nothing. */
  readonly condition: IndexCondition | null;
}

/** The condition by which a search of all ranges finds events; null: Bloom filters may select better. */
export function rangeCondition(condition: IndexCondition | null, predicate: PruningPredicate): IndexCondition | null {
  return testsBloomFilters(predicate) ? null : condition;
}

/**
 * A query of the events in a block range that can match: through the index of the events if that
 * serves, else in the blocks whose summaries pass; and the unindexed events.
 */
export function candidateEvents({ from, to, indexedTo, partitions }: BlockRange, { predicate, condition }: EventSearch): SQL {
  const end = Math.max(from, Math.min(indexedTo, condition?.to ?? indexedTo)) as Position;
  const indexed =
    condition === null ? eventsOfBlocks({ from, to, indexedTo }, predicate) : indexedEvents(condition.met, { from, to: end }, partitions);
  return sql`(${indexed}) union all (select * from tidings.events e where e.position > ${end} and e.position <= ${to})`;
}

/** A query of the events of a range that meet a condition of the index, through nothing but the index. */
function indexedEvents(condition: SQL, { from, to }: LogRange, { first, last }: PositionRange): SQL {
  const extents = extentsOf(to - from > maxSmallExtents * 4096 ? 'large' : 'small', { first: sql`${from}`, last: sql`${to}` });
  return sql`
    select * from tidings.events e
    where ${condition} and ${inExtents(sql`array(select b.key from ${extents} b)`)} and e.position between ${first} and ${last} and (e.position > ${from} and e.position <= ${to}) is true
    offset 0`;
}

/** Summaries of one row group can interleave, so one can start before its range. */
function eventsOfBlocks({ from, to, indexedTo }: Omit<BlockRange, 'partitions'>, predicate: PruningPredicate): SQL {
  const range = { first: (from + 1) as Position, last: indexedTo };
  return sql`
    select e.*
    from (
      select d.first, d.last, d.first_occurred, d.last_occurred from (${passingBlocks(predicate, { up: true, range })}) d
      where d.last > ${from} and d.last <= ${indexedTo}
      offset 0
    ) r
    cross join lateral (${eventsBetween({ first: sql`r.first`, last: sql`r.last` }, { first: origin, last: to })}) e
    where ${occurredBetween(sql`r.first_occurred`, sql`r.last_occurred`)}`;
}

/** With more small extents, large ones are searched. */
const maxSmallExtents = 32;
