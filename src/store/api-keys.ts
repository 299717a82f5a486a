import { sql, type SQL } from 'drizzle-orm';
import type { Instant } from '../event/instant.ts';
import type { Database } from './database/database.ts';
import { fromTimestamp, toTimestamp } from './database/timestamps.ts';

/** An API key as stored; the secret itself is not stored. */
export interface StoredKey {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the secret. */
  readonly hash: Uint8Array;
  readonly permissions: readonly string[];
  /**
   * An EventFilter as JSON text, which may be invalid: another program or version may have stored
   * it. Null: the key sees every event.
   */
  readonly filter: string | null;
  readonly emitPrefix: string | null;
  readonly created: Instant;
  readonly expires: Instant | null;
  readonly revoked: Instant | null;
}

/** The fields of a key that its creator sets. */
export type NewKey = Omit<StoredKey, 'created' | 'revoked'>;

/** All keys, including revoked and expired ones, the oldest first. */
export async function readKeys(database: Database): Promise<readonly StoredKey[]> {
  return keysIn(await database.rows<KeyRow>(sql`select ${columns} from tidings.api_keys k order by k.created, k.id`));
}

/**
 * A value that differs after each creation or revocation: both happen at most once for each key.
 */
export async function readKeysVersion(database: Database): Promise<string> {
  const [row] = await database.rows<{ version: string }>(sql`select count(*) || ':' || count(revoked) as version from tidings.api_keys`);
  return row?.version ?? '';
}

export async function insertKey(database: Database, key: NewKey): Promise<StoredKey> {
  const expires = key.expires === null ? null : toTimestamp(key.expires);
  const [stored] = keysIn(
    await database.rows<KeyRow>(sql`
      insert into tidings.api_keys as k (id, name, hash, permissions, filter, emit_prefix, created, expires)
      select ${key.id}, ${key.name}, decode(${Buffer.from(key.hash).toString('hex')}, 'hex'),
        array(select jsonb_array_elements_text(${JSON.stringify(key.permissions)}::text::jsonb)), ${key.filter}::text,
        ${key.emitPrefix}, clock_timestamp(), ${expires}::text::timestamptz
      returning ${columns}`),
  );
  if (stored === undefined) throw new Error('the inserted key was not returned');
  return stored;
}

/** Revokes a key; the first revocation keeps its time. Returns null if there is no such key. */
export async function revokeKey(database: Database, id: string): Promise<StoredKey | null> {
  const rows = await database.rows<KeyRow>(sql`
    update tidings.api_keys as k set revoked = coalesce(k.revoked, clock_timestamp()) where k.id = ${id} returning ${columns}`);
  return keysIn(rows)[0] ?? null;
}

interface KeyRow extends Readonly<Record<'id' | 'name' | 'hash' | 'permissions' | 'created', string>> {
  readonly filter: string | null;
  readonly emit_prefix: string | null;
  readonly expires: string | null;
  readonly revoked: string | null;
}

const columns: SQL = sql.raw(
  `k.id, k.name, encode(k.hash, 'hex') as hash, to_jsonb(k.permissions)::text as permissions, k.filter, k.emit_prefix, k.created, k.expires, k.revoked`,
);

function keysIn(rows: readonly KeyRow[]): readonly StoredKey[] {
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    hash: Buffer.from(row.hash, 'hex'),
    permissions: JSON.parse(row.permissions) as readonly string[],
    filter: row.filter,
    emitPrefix: row.emit_prefix,
    created: fromTimestamp(row.created),
    expires: row.expires === null ? null : fromTimestamp(row.expires),
    revoked: row.revoked === null ? null : fromTimestamp(row.revoked),
  }));
}
