import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import { prefixSuccessor, unstorableReason } from '../../event/text.ts';
import type { Database } from '../database/database.ts';
import { unseen } from '../filter-sql/sql-fragments.ts';
import { readIndexPosition } from '../skip-index/row-groups.ts';

/**
 * The ids of all resources, in the order of code points.
 *
 * Assumes: row groups as src/skip-index guarantees them; a trigger records the resources of each
 * (tidings.record_resources).
 * Guarantees: every resource that an event up to the head mentions, primary or related. The
 * resources of unindexed events come from the events themselves.
 * Does not guarantee that an event up to the head mentions each resource: one can be mentioned only
 * after the head, or retention has removed its events and not yet the resource. So a reader must
 * look up the latest mention of each resource, and skip resources without one.
 */
export interface ResourceRequest {
  /** The ids start with this text, without any pattern. */
  readonly idPrefix: string;
  /** Returns ids after this one; null starts with the first. */
  readonly after: string | null;
  readonly head: Position;
  readonly limit: number;
}

/** Reads the first ids after `after`, through resources_by_id. */
export async function readResourceIds(database: Database, { idPrefix, after, head, limit }: ResourceRequest): Promise<readonly string[]> {
  const within = withinIds({ idPrefix, after });
  if (within === null) return [];
  // A separate statement, so that the planner sees a value and knows that few events follow it.
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

/** Whether the id of a row `r` is one of the ids of a page; null: no stored id is. */
export function withinIds({ idPrefix, after }: Pick<ResourceRequest, 'idPrefix' | 'after'>): SQL | null {
  if (unstorableReason(idPrefix) !== null) return null;
  const end = prefixSuccessor(idPrefix);
  return sql.join(
    [bound('>=', idPrefix), ...(end === null ? [] : [bound('<', end)]), ...(after === null ? [] : [bound('>', after)])],
    sql` and `,
  );
}

/**
 * Also bounds the first 640 characters, which the index holds: those of a smaller id are smaller or
 * equal.
 */
function bound(operator: '>' | '>=' | '<', text: string): SQL {
  const edge = sql.raw(operator === '<' ? '<=' : '>=');
  const value = unseen(sql`${text}::text`);
  return sql`left(r.id, 640) ${edge} left(${value}, 640) and r.id ${sql.raw(operator)} ${value}`;
}
