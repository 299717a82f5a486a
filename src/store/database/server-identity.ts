import type postgres from 'postgres';

/**
 * Identifies the server behind a connection, so that statements of a process never reach another
 * one unnoticed.
 *
 * Assumes: a server that is a primary stays on its timeline until it stops, which ends its
 * connections. A promotion and a point-in-time recovery begin a new timeline.
 *
 * Guarantees: two primaries with equal identities are one cluster on one timeline, and one database
 * in it. So a connection that was checked when it opened stays with that server until it ends.
 *
 * Does not guarantee: to distinguish a server from a copy of its files that continues on the same
 * timeline.
 *
 * Why not the timeline of pg_control_checkpoint? It stays the old one until the first checkpoint
 * after a promotion has ended, perhaps for minutes. The names of WAL files have the new one at once.
 */
export const identityStatement = `
  select case when not pg_is_in_recovery() then concat_ws('/', s.system_identifier,
    ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int, d.oid) end as identity,
    pg_backend_pid() as process_id
  from pg_control_system() s, pg_database d
  where d.datname = current_database()`;

export interface IdentityRow {
  /** Null: the server is a standby. */
  readonly identity: string | null;
  readonly process_id: number;
}

/**
 * Throws unless the server is a primary, and has the expected identity if one is given. Returns the id of the
 * connection's process.
 */
export async function checkServer(client: postgres.Sql, expected: string | undefined): Promise<number> {
  const [row] = await client.unsafe<IdentityRow[]>(identityStatement);
  const identity = row?.identity ?? null;
  if (identity === null) throw Object.assign(new Error('the server is a standby'), { code: standbyState });
  if (expected === undefined || identity === expected) return row?.process_id ?? 0;
  throw Object.assign(new Error(`the server is ${identity}, expected ${expected}`), { code: otherServerCode });
}

/** Whether a connection was rejected because it leads to another primary than the expected one. */
export function isOtherServer(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === otherServerCode;
}

/** The code of a connection to another server; asUnavailable knows it. */
export const otherServerCode = 'OTHER_SERVER';
/** The SQLSTATE of a write on a standby. */
const standbyState = '25006';
