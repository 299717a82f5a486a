import { sql } from 'drizzle-orm';
import type { Instant } from '../event/instant.ts';
import type { Database } from './database/database.ts';
import { fromTimestamp } from './database/timestamps.ts';

/** A rejected event as stored. */
export interface RejectedEvent extends Rejection {
  /** Increases with each stored event. */
  readonly position: number;
  readonly received: Instant;
}

export interface Rejection {
  readonly protocol: string;
  readonly keyId: string | null;
  readonly reason: string;
  /** The bytes as received, or the beginning of them. */
  readonly raw: Buffer;
  /** The number of bytes received. */
  readonly bytes: number;
}

/** The oldest events beyond any of these limits are removed. */
export interface RejectedBounds {
  readonly count: number;
  readonly bytes: number;
  /** Null: no limit of age. */
  readonly keepMs: number | null;
}

/**
 * Stores rejected events in order, in one transaction; they are durable when it resolves. Throws
 * UNAVAILABLE.
 */
export async function storeRejected(database: Database, rejections: readonly Rejection[]): Promise<void> {
  const rows = rejections.map((each) => ({ ...each, raw: each.raw.toString('base64') }));
  await database.rows(sql`
    insert into tidings.rejected_events (received, protocol, key_id, reason, raw, bytes)
    select clock_timestamp(), r.protocol, r."keyId", r.reason, decode(r.raw, 'base64'), r.bytes
    from rows from (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as (protocol text, "keyId" text, reason text, raw text, bytes int)) with ordinality as r (protocol, "keyId", reason, raw, bytes, n)
    order by r.n`);
}

/**
 * Removes the oldest events beyond the limits; returns their number. Reads the whole table, which
 * the limits keep small.
 */
export async function pruneRejected(database: Database, { count, bytes, keepMs }: RejectedBounds): Promise<number> {
  const rows = await database.rows(sql`
    delete from tidings.rejected_events r using (
      select
        position,
        row_number() over (order by position desc) as n,
        sum(octet_length(raw)) over (order by position desc) as bytes
      from tidings.rejected_events
    ) k
    where r.position = k.position and (
      k.n > ${count}::bigint or k.bytes > ${bytes}::bigint
      or r.received < clock_timestamp() - ${keepMs}::float8 * interval '1 millisecond'
    )
    returning 1`);
  if (rows.length > 0 && database.kind === 'embedded') await database.rows(sql`vacuum tidings.rejected_events`);
  return rows.length;
}

/**
 * Returns the latest events before a position (null: the latest of all), the latest first, by the
 * primary key.
 */
export async function readRejected(database: Database, before: number | null, limit: number): Promise<readonly RejectedEvent[]> {
  const rows = await database.rows<RejectedRow>(sql`
    select position, received, protocol, key_id, reason, raw, bytes
    from tidings.rejected_events
    where ${before === null ? sql`true` : sql`position < ${before}::bigint`}
    order by position desc
    limit ${limit}`);
  return rows.map(({ position, received, protocol, key_id, reason, raw, bytes }) => ({
    position: Number(position),
    received: fromTimestamp(received),
    protocol,
    keyId: key_id,
    reason,
    raw,
    bytes,
  }));
}

interface RejectedRow {
  readonly position: string;
  readonly received: string;
  readonly protocol: string;
  readonly key_id: string | null;
  readonly reason: string;
  readonly raw: Buffer;
  readonly bytes: number;
}
