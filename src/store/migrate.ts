import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as drizzleMigrate } from 'drizzle-orm/postgres-js/migrator';
import { TidingsError } from '../errors.ts';
import { packageRoot } from '../package-info.ts';
import type { Database } from './database/database.ts';
import { openLineage, type Lineage } from './epochs.ts';

/**
 * Brings the database up to this program and opens its log. Any number of starters may do so at once: an advisory lock
 * lets one at a time, so `database` must have a single connection. Throws CANNOT_START for a database that is too old
 * a server, not UTF-8, or was migrated by a newer program. `place` is what tells the database from a copy of its files.
 */
export async function migrate(database: Database, place: string): Promise<Lineage> {
  await checkServer(database);
  await database.rows(sql`select pg_advisory_lock(${starterLock}::bigint)`);
  try {
    await refuseNewer(database);
    await database.alone((client) =>
      drizzleMigrate(drizzle(client), { migrationsFolder, migrationsSchema: 'tidings', migrationsTable: 'migrations' }),
    );
    return await openLineage(database, place);
  } finally {
    await database.rows(sql`select pg_advisory_unlock(${starterLock}::bigint)`);
  }
}

async function checkServer(database: Database): Promise<void> {
  const [server] = await database.rows<{ version: string; number: number; encoding: string }>(sql`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      current_setting('server_encoding') as encoding`);
  if (server === undefined || server.number < oldestServer) {
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

async function refuseNewer(database: Database): Promise<void> {
  const [made] = await database.rows<{ exists: boolean }>(sql`select to_regclass('tidings.migrations') is not null as exists`);
  if (made?.exists !== true) return;
  const [newest] = await database.rows<{ at: string | null }>(sql`select max(created_at) as at from tidings.migrations`);
  if (Number(newest?.at ?? 0) <= newestKnown()) return;
  throw new TidingsError(
    'CANNOT_START',
    'The database was migrated by a newer Tidings than this one. Start that version, or one after it.',
  );
}

function newestKnown(): number {
  const journal = JSON.parse(readFileSync(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')) as { entries: { when: number }[] };
  return Math.max(...journal.entries.map((entry) => entry.when));
}

const migrationsFolder = join(packageRoot, 'drizzle', 'migrations');
const oldestServer = 150_000;
/** "tidings" in ASCII: what starters lock. */
const starterLock = String(0x746964696e6773n);
