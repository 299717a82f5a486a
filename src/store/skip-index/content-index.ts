import { sql } from 'drizzle-orm';
import type { Database } from '../database/database.ts';

/**
 * The index events_by_content of the partitions (drizzle/tables.ts). A migration creates it for small
 * partitions; new partitions have it from the start. Large partitions of an earlier version get it
 * here, one after the other, while events are written and read.
 *
 * Until all have it, queries do without it: they return the same events, and test more.
 */
export async function isContentIndexComplete(database: Database): Promise<boolean> {
  const known = completeness.get(database.identity);
  if (known === true || (known !== undefined && performance.now() - known < recheckMs)) return known === true;
  const missing = await database.rows(sql`select from tidings.partitions_without_content_index() limit 1`);
  completeness.set(database.identity, missing.length === 0 || performance.now());
  return missing.length === 0;
}

/** By database: true, or the time when partitions without the index were last seen. */
const completeness = new WeakMap<object, true | number>();

/** The name of a partition that lacks the index; null if none does. */
export async function partitionWithoutContentIndex(database: Database): Promise<string | null> {
  const [row] = await database.rows<{ name: string }>(sql`select name from tidings.partitions_without_content_index() p (name) limit 1`);
  return row?.name ?? null;
}

const recheckMs = 5000;
