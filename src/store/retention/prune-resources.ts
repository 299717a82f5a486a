import { sql } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';
import { readHead } from '../log/log-head.ts';
import { readLatestMentions } from '../queries/latest-mentions.ts';

/**
 * One step of forgetting the resources that no kept event mentions, after the events up to `removedUpTo` were removed with
 * their digests; answers whether there may be more to do.
 *
 * Assumes: resources as `resources` promises them. Promises: what is forgotten is mentioned by no event that is kept, and
 * what is mentioned stays, also while chapters are digested meanwhile; when there is no more to do, every resource that
 * was noted is mentioned by a kept event. May be repeated, killed and run by many at once. What may be forgotten is looked
 * up in the events, not in what was noted, which follows at a distance. So each resource costs a look for each removal, at
 * most, and only if less than 65,536 events came since the removed ones, or it was not mentioned in those.
 */
export async function pruneResources(database: Database, logStart: Position): Promise<boolean> {
  const candidates = await database.rows<{ id: string }>(sql`
    select r.id from tidings.resources r where r.mentioned <= ${logStart} limit ${maxCandidates}`);
  const ids = candidates.map(({ id }) => id);
  if (ids.length === 0) return false;
  const head = await readHead(database);
  const events = await readLatestMentions(database, ids, head);
  const mentions = ids.map((id) => ({ id, mentioned: events.get(id)?.position ?? null }));
  const kept = mentions.filter(({ mentioned }) => mentioned !== null);
  const unmentioned = mentions.filter(({ mentioned }) => mentioned === null).map(({ id }) => id);
  await database.rows(sql`
    select tidings.prune_resources(${JSON.stringify(unmentioned)}::text::jsonb, ${JSON.stringify(kept)}::text::jsonb, ${head})`);
  return true;
}

/** Looked up with one read. */
const maxCandidates = 100;
