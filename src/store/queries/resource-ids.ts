import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import { prefixSuccessor, unstorableReason } from '../../event/text.ts';
import type { Database } from '../database/database.ts';
import { readIndexPosition } from '../skip-index/row-groups.ts';

/**
 * Which resources there are, by id, in the order of code points.
 *
 * Assumes: chapters of digests as event/digest promises them; with each, a trigger notes the resources of its events
 * (tidings.record_resources). Promises: every resource that an event up to the head mentions, primary or related, since
 * those behind the last chapter are taken from the events themselves. Does not promise that an event up to the head
 * mentions each: one may have been mentioned after it only, or retention may have removed the events and not come to
 * the resource yet. So whoever shows a resource reads the event in which it appeared last, and skips one that has none.
 */
export interface ResourceRequest {
  /** Literally the beginning of the ids. */
  readonly idPrefix: string;
  /** The id behind which to begin, or null. */
  readonly after: string | null;
  readonly head: Position;
  readonly limit: number;
}

/** The first ids behind `after`, through resources_by_id. */
export async function readResourceIds(database: Database, { idPrefix, after, head, limit }: ResourceRequest): Promise<readonly string[]> {
  if (unstorableReason(idPrefix) !== null) return [];
  const end = prefixSuccessor(idPrefix);
  const within = sql.join(
    [bound('>=', idPrefix), ...(end === null ? [] : [bound('<', end)]), ...(after === null ? [] : [bound('>', after)])],
    sql` and `,
  );
  // Known before, so that the planner knows that few events are behind it.
  const indexPosition = await readIndexPosition(database);
  const rows = await database.rows<{ id: string }>(sql`
    select id from (
      (select r.id from tidings.resources r where ${within} order by left(r.id, 640), r.id limit ${limit})
      union
      (
        select r.id
        from tidings.resources_between(${indexPosition}, ${head}) m (id)
        cross join lateral (select m.id collate "C" as id) r
        where ${within}
        order by r.id
        limit ${limit}
      )
    ) found
    order by id
    limit ${limit}`);
  return rows.map(({ id }) => id);
}

/** Bounds the beginnings as well, which are what the index holds: those of smaller ids are smaller or equal. */
function bound(operator: '>' | '>=' | '<', text: string): SQL {
  const edge = sql.raw(operator === '<' ? '<=' : '>=');
  return sql`left(r.id, 640) ${edge} left(${text}::text, 640) and r.id ${sql.raw(operator)} ${text}::text`;
}
