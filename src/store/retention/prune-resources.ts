import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { readHead } from '../log/log-head.ts';
import { withoutPayload } from '../database/read-budget.ts';
import { readLatestMentions } from '../resources/latest-mentions.ts';

/**
 * One step of deleting the resources that no kept event mentions, after the events up to `logStart`
 * were removed with their block summaries. Returns whether there may be more to do.
 *
 * Assumes: resources as ../queries/resource-ids.ts guarantees them.
 *
 * Guarantees: no kept event mentions a deleted resource, also when events are indexed meanwhile.
 * When there is no more to do, a kept event mentions every recorded resource. Any number of
 * processes may run this, be killed, and repeat it.
 *
 * Cost: the events decide whether a resource is deleted, since resources.mentioned lags behind
 * them. So each removal costs at most one lookup for each resource. It costs none for a resource
 * recorded again since the removed events, which happens once in 65,536 positions.
 */
export async function pruneResources(database: Database, logStart: Position): Promise<boolean> {
  const candidates = await database.rows<{ id: string }>(sql`
    select r.id from tidings.resources r where r.mentioned <= ${logStart} limit ${maxCandidates}`);
  const ids = candidates.map(({ id }) => id);
  if (ids.length === 0) return false;
  const head = await readHead(database);
  const events = await readLatestMentions(database, ids, { head, budget: withoutPayload });
  const mentions = ids.map((id) => ({ id, mentioned: events.get(id)?.position ?? null }));
  const kept = mentions.filter(({ mentioned }) => mentioned !== null);
  const unmentioned = mentions.filter(({ mentioned }) => mentioned === null).map(({ id }) => id);
  await database.rows(sql`
    select tidings.prune_resources(${JSON.stringify(unmentioned)}::text::jsonb, ${JSON.stringify(kept)}::text::jsonb, ${head})`);
  return true;
}

/** The number of resources in one step, looked up with one read. */
const maxCandidates = 100;
