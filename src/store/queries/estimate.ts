import { sql, type SQL } from 'drizzle-orm';
import { always, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { origin, type Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import type { Database } from '../database/database.ts';
import { prunedSearchSql } from '../skip-index/pruning-sql.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { eventsBetween } from '../log/event-ranges.ts';
import { isSelective } from './candidates.ts';
import { indexConditionFor } from './index-search.ts';
import { everyEvent } from './page-request.ts';
import { countEvents } from './pages.ts';
import { accessPathOf } from './access-path.ts';

/**
 * The number of matching events: counted, or extrapolated from a sample of the blocks that can have
 * matches.
 */
export interface Estimate {
  readonly count: number;
  readonly exact: boolean;
}

export interface EstimateRequest {
  readonly filter: Condition;
  /**
   * Matched by every event that `filter` matches; selects the blocks. A filter that the caller wrote
   * must not select them if it sees only some events: the estimate would depend on hidden events.
   */
  readonly blockFilter: Condition;
  readonly head: Position;
}

/** Estimates how many events up to `head` match, by scanning a few of them. */
export async function estimateMatches(database: Database, { filter, blockFilter, head }: EstimateRequest): Promise<Estimate> {
  const accessPath = accessPathOf({ filter, order: 'LOG' });
  if (accessPath.kind === 'ids' || accessPath.kind === 'follows' || (blockFilter === filter && (await findsFew(database, filter, head)))) {
    const [count = 0] = await countEvents(database, { filter, order: 'LOG', head, max: maxExactCount }, everyEvent);
    return { count: Math.min(count, maxExactCount), exact: count <= maxExactCount };
  }
  const blockPath = accessPathOf({ filter: blockFilter, order: 'LOG' });
  const [row] = await database.rows<{ blocks: string; sampled: string; matches: string; unindexed: string }>(
    samplingSql(filter, blockPath.kind === 'blockScan' ? blockPath.predicate : always, head),
  );
  const [blocks, sampled, matches, unindexed] = [row?.blocks, row?.sampled, row?.matches, row?.unindexed].map(Number);
  if (blocks === undefined || sampled === undefined || matches === undefined || unindexed === undefined) throw new Error('no estimate');
  const indexedMatches = sampled === 0 ? 0 : Math.round((matches / sampled) * blocks);
  return { count: indexedMatches + unindexed, exact: sampled === blocks };
}

/** Whether the index of the events finds so few that all can be counted. */
async function findsFew(database: Database, filter: Condition, head: Position): Promise<boolean> {
  const condition = await indexConditionFor(database, { filter, head });
  return condition !== null && isSelective(database, condition, { head, max: maxCandidates });
}

/**
 * Counts the matches in an even sample of the passing blocks, through the primary key, and in all
 * unindexed events.
 */
function samplingSql(filter: Condition, predicate: PruningPredicate, head: Position): SQL {
  const matching = (first: SQL, last: SQL): SQL => sql`
    select count(*) from (${eventsBetween({ first, last }, { first: origin, last: head })}) e where ${sqlOf(filter)}`;
  return sql`
    with passing as materialized (
      select d.first, d.last, d.first_occurred, d.last_occurred, row_number() over (order by d.last, d.part) as n, count(*) over () as total
      from tidings.digests d
      where ${prunedSearchSql(predicate)}
    ), sample as materialized (
      select * from passing where (n - 1) % greatest(total / ${sampleBlocks}::int, 1) = 0 limit ${sampleBlocks}
    )
    select
      (select count(*) from passing) as blocks,
      (select count(*) from sample) as sampled,
      (select coalesce(sum(c.count), 0) from sample s cross join lateral (
        ${matching(sql`s.first`, sql`s.last`)} and (e.occurred between s.first_occurred and s.last_occurred) is true
      ) c) as matches,
      (${matching(sql`(select coalesce(max(last), 0) + 1 from tidings.digests)`, sql`${head}::bigint`)}) as unindexed`;
}

const maxCandidates = 2000;
/** Counts through event ids or `follows` stop here. */
const maxExactCount = 10_000;
/** With more passing blocks, the count is an estimate: 128 blocks are 8,192 events to scan. */
const sampleBlocks = 128;
