import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as drizzleMigrate } from 'drizzle-orm/postgres-js/migrator';
import { TidingsError } from '../errors.ts';
import { packageRoot } from '../package-info.ts';
import type { Database } from './database/database.ts';
import { openEpochHistory, type EpochHistory, type LogIdentity } from './epochs.ts';

/**
 * Migrates the database to the version of this program, then opens the epoch history. Any number of
 * processes may start at once: an advisory lock serializes them, so `database` must have a single
 * connection.
 *
 * Throws CANNOT_START if the server is too old, the encoding is not UTF-8, or a newer program
 * migrated the database.
 */
export async function migrate(database: Database, identity: LogIdentity): Promise<EpochHistory> {
  await checkServer(database);
  await database.rows(sql`select pg_advisory_lock(${migrationLock}::bigint)`);
  try {
    await rejectNewerSchema(database);
    await database.withConnection((client) =>
      drizzleMigrate(drizzle(client), { migrationsFolder, migrationsSchema: 'tidings', migrationsTable: 'migrations' }),
    );
    return await openEpochHistory(database, identity);
  } finally {
    await database.rows(sql`select pg_advisory_unlock(${migrationLock}::bigint)`);
  }
}

async function checkServer(database: Database): Promise<void> {
  const [server] = await database.rows<{ version: string; number: number; encoding: string }>(sql`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      current_setting('server_encoding') as encoding`);
  if (server === undefined || server.number < minServerVersion) {
    throw new TidingsError(
      'CANNOT_START',
      `DATABASE_URL: expected Postgres 15 or later, got ${server?.version}. Upgrade the server, or use another one.`,
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new TidingsError(
      'CANNOT_START',
      `DATABASE_URL: expected a database with encoding UTF8, got ${server.encoding}. Create one with "create database … encoding 'UTF8' template template0".`,
    );
  }
}

async function rejectNewerSchema(database: Database): Promise<void> {
  const [migrationsTable] = await database.rows<{ exists: boolean }>(sql`select to_regclass('tidings.migrations') is not null as exists`);
  if (migrationsTable?.exists !== true) return;
  const [newest] = await database.rows<{ at: string | null }>(sql`select max(created_at) as at from tidings.migrations`);
  if (Number(newest?.at ?? 0) <= latestKnownMigration()) return;
  throw new TidingsError('CANNOT_START', 'The database was migrated by a newer version of Tidings. Start that version or a later one.');
}

function latestKnownMigration(): number {
  const journal = JSON.parse(readFileSync(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')) as { entries: { when: number }[] };
  return Math.max(...journal.entries.map((entry) => entry.when));
}

const migrationsFolder = join(packageRoot, 'drizzle', 'migrations');
const minServerVersion = 150_000;
/** "tidings" in ASCII. */
const migrationLock = String(0x746964696e6773n);
