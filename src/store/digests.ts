import { sql } from 'drizzle-orm';
import { origin, type Position } from '../event/cursor.ts';
import type { Digest } from '../event/digest.ts';
import type { Database } from './database.ts';
import { toTimestamp } from './rows.ts';

/** The end of the last digest: events behind it have none yet. By the primary key. */
export async function digestedTo(database: Database): Promise<Position> {
  const [row] = await database.rows<{ last: string }>(sql`select d.last from tidings.digests d order by d.last desc limit 1`);
  return Number(row?.last ?? origin) as Position;
}

/**
 * Stores digests that follow those that are there; the same ones, made by another process, are let be. Answers whether
 * this call stored any.
 */
export async function storeDigests(database: Database, digests: readonly Digest[]): Promise<boolean> {
  if (digests.length === 0) return false;
  const rows = await database.rows(sql`
    insert into tidings.digests
      (first, last, part, first_occurred, last_occurred, first_received, last_received, terms, signature)
    select
      first, last, part, first_occurred, last_occurred, first_received, last_received, terms::int[],
      decode(signature, 'base64')
    from jsonb_to_recordset(${JSON.stringify(digests.map(rowOf))}::text::jsonb) as made (
      first bigint, last bigint, part smallint, first_occurred timestamptz, last_occurred timestamptz,
      first_received timestamptz, last_received timestamptz, terms text, signature text
    )
    on conflict do nothing
    returning 1`);
  return rows.length > 0;
}

function rowOf(digest: Digest): Readonly<Record<string, unknown>> {
  return {
    first: digest.first,
    last: digest.last,
    part: digest.part,
    first_occurred: toTimestamp(digest.firstOccurred),
    last_occurred: toTimestamp(digest.lastOccurred),
    first_received: toTimestamp(digest.firstReceived),
    last_received: toTimestamp(digest.lastReceived),
    terms: `{${digest.terms.join(',')}}`,
    signature: Buffer.from(digest.signature).toString('base64'),
  };
}
