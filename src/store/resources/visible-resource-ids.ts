import { sql } from 'drizzle-orm';
import { origin } from '../../event/cursor.ts';
import { compareCodePoints } from '../../event/text.ts';
import type { Condition } from '../../filter/filter.ts';
import { pruningPredicateOf } from '../../skip-index/prune-filter.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import type { Database } from '../database/database.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { blockRangesOf, candidateEvents, rangeCondition } from '../skip-index/block-ranges.ts';
import { indexConditionFor } from '../queries/index-search.ts';
import { withinIds, type ResourceRequest } from '../queries/resource-ids.ts';

/**
 * Reads the first ids after `after` that the events visible to a filter mention, primary or related.
 *
 * Assumes: block summaries as src/skip-index/block-summary.ts guarantees them.
 * Guarantees: the same statements and rows whatever hidden events mention. So the time does not tell
 * whether they mention a prefix: readResourceIds would find their resources too, each to be looked
 * up and dropped.
 * Does not guarantee: a short time. Each page reads all events that the filter can match, about half
 * a second for a million.
 */
export async function readVisibleResourceIds(
  database: Database,
  request: ResourceRequest,
  visibilityFilter: Condition,
): Promise<readonly string[]> {
  const { head, limit } = request;
  const within = withinIds(request);
  if (within === null) return [];
  const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, initialBlocks);
  const predicate = pruningPredicateOf(visibilityFilter);
  const condition = rangeCondition(await indexConditionFor(database, { filter: visibilityFilter, head }), predicate);
  let found: readonly string[] = [];
  for await (const blockRange of blockRangesOf(database, [{ from: origin, to: head }], adaptiveBatch)) {
    const rows = await adaptiveBatch.timed(() =>
      // offset 0: the prefix is tested on visible events only.
      database.rows<{ id: string }>(sql`
        select r.id
        from (
          select e.resource_id, e.related
          from (${candidateEvents(blockRange, { predicate, condition })}) e
          where ${sqlOf(visibilityFilter)} offset 0
        ) e
        cross join lateral (
          select e.resource_id union all select related.value ->> 'id' from jsonb_array_elements(e.related) related
        ) mentioned (id)
        cross join lateral (select mentioned.id collate "C" as id) r
        where ${within}
        group by r.id
        order by r.id
        limit ${limit}`),
    );
    found = [...new Set([...found, ...rows.map(({ id }) => id)])].toSorted(compareCodePoints).slice(0, limit);
  }
  return found;
}

/** Summaries of the first block range; the following ranges grow while statements are fast. */
const initialBlocks = 256;
