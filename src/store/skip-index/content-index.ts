import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';

/**
 * The index events_by_content of the partitions (drizzle/tables.ts). A migration creates it for small
 * partitions, and new partitions have it from the start. Large partitions of an earlier version get
 * it here, one after the other.
 *
 * Guarantees: events are written and read meanwhile (Postgres only). A build that was interrupted
 * starts again.
 * Until all have it, queries do without it: they return the same events, and test more.
 */
export async function isContentIndexComplete(database: Database): Promise<boolean> {
  const known = completeness.get(database.identity);
  if (known === true || (known !== undefined && performance.now() - known < recheckMs)) return known === true;
  const isComplete = (await partitionsWithout(database)).length === 0;
  completeness.set(database.identity, isComplete || performance.now());
  return isComplete;
}

/** By database: true, or the time when partitions without the index were last seen. */
const completeness = new WeakMap<object, true | number>();

/**
 * Builds the index of the partitions that lack it. Returns whether all have it; false: another process
 * builds it. `database` has a single connection without a statement timeout: the build of a partition
 * of a million events takes some 20 seconds.
 */
export async function buildContentIndex(database: Database, logger: Pick<Logger, 'warn'>): Promise<boolean> {
  const [lock] = await database.rows<{ locked: boolean }>(sql`select pg_try_advisory_lock(${buildersLockKey}::bigint) as locked`);
  if (lock?.locked !== true) return false;
  const option = database.kind === 'postgres' ? 'concurrently' : '';
  const missing = await partitionsWithout(database);
  for (const [done, name] of missing.entries()) {
    logger.warn(`the index of the events is built for partition ${done + 1} of ${missing.length} (${name}); searches are slow until then`);
    // What an interrupted build has left is invalid.
    await database.rows(sql.raw(`drop index ${option} if exists tidings."${name}_by_content"`));
    const [create] = await database.rows<{ statement: string }>(sql`select tidings.content_index_sql(${name}, ${option}) as statement`);
    await database.rows(sql.raw(create?.statement ?? ''));
    await database.rows(sql.raw(`alter index tidings.events_by_content attach partition tidings."${name}_by_content"`));
  }
  return true;
}

async function partitionsWithout(database: Database): Promise<readonly string[]> {
  const rows = await database.rows<{ name: string }>(sql`select name from tidings.partitions_without_content_index() as p (name)`);
  return rows.map(({ name }) => name);
}

/** "content" in ASCII. */
const buildersLockKey = String(0x636f6e74656e74n);
const recheckMs = 5000;
