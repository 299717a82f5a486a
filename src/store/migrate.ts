import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as drizzleMigrate } from 'drizzle-orm/postgres-js/migrator';
import type { Logger } from 'pino';
import { TidingsError } from '../errors.ts';
import type { Database } from './database/database.ts';
import { knownSchemaVersion, migrationsFolder } from './database/schema-version.ts';
import { writersLockKey } from './log/writer-locks.ts';
import { openEpochHistory, type EpochHistory, type LogIdentity } from './epochs.ts';
import { lockSession } from './session-lock.ts';

/**
 * Migrates the database to the version of this program, then opens the epoch history.
 *
 * Assumes: `database` has a single connection, which holds the locks.
 *
 * Guarantees: any number of processes may start at once; an advisory lock serializes them. While
 * the schema changes, the writers of running processes are rejected as UNAVAILABLE. From the commit
 * of a migration on, every process of an older program is fenced: tidings.check_program rejects its
 * reads of the head, and tidings.check_writer what it writes (drizzle/migrations has both).
 * So it can neither append events nor store row groups in a format that is no longer valid.
 * Throws CANNOT_START if another program hides the end of the log, the server is too old, the
 * encoding is not UTF-8, a pooler is between, another program has a schema `tidings`, or a newer
 * version migrated the database.
 * Does not guarantee: a bound to the wait for other processes; the log says for what it waits.
 */
export async function migrate(database: Database, identity: LogIdentity, logger: Pick<Logger, 'warn'>): Promise<EpochHistory> {
  await checkServer(database);
  await using _starters = await lockSession(database, startersLock, logger);
  await rejectForeignSchema(database);
  const version = await schemaVersion(database);
  if (version > knownSchemaVersion()) throw newerSchemaError();
  if (version < knownSchemaVersion()) {
    await using _writers = await lockSession(database, writersLock, logger);
    await database.withConnection((client) =>
      drizzleMigrate(drizzle(client), { migrationsFolder, migrationsSchema: 'tidings', migrationsTable: 'migrations' }),
    );
  }
  return await openEpochHistory(database, identity, logger);
}

async function checkServer(database: Database): Promise<void> {
  const [server] = await database.rows<{ version: string; number: number; encoding: string; seqscan: string }>(sql`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      current_setting('server_encoding') as encoding, current_setting('enable_seqscan') as seqscan`);
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
  // The driver asks for `off`. PGlite ignores that, and is never behind a pooler.
  if (database.kind === 'postgres' && server.seqscan !== 'off') {
    throw new TidingsError(
      'CANNOT_START',
      'DATABASE_URL: a pooler answers for the server, and ignores the settings of the connection. Connect to Postgres directly.',
    );
  }
}

/** Throws CANNOT_START if the schema `tidings` has tables, but no record of migrations. */
async function rejectForeignSchema(database: Database): Promise<void> {
  const [schema] = await database.rows<{ foreign: boolean }>(sql`
    select exists (select from pg_class where relnamespace = to_regnamespace('tidings'))
      and not exists (
        select from pg_attribute where attrelid = to_regclass('tidings.migrations') and attname = 'created_at' and not attisdropped
      ) as foreign`);
  if (schema?.foreign !== true) return;
  throw new TidingsError(
    'CANNOT_START',
    'DATABASE_URL: the schema "tidings" of the database belongs to another program: it has tables, but no migrations of Tidings. Use another database, or rename that schema.',
  );
}

/** The time of the newest migration of the database; 0: none. */
async function schemaVersion(database: Database): Promise<number> {
  const [migrationsTable] = await database.rows<{ exists: boolean }>(sql`select to_regclass('tidings.migrations') is not null as exists`);
  if (migrationsTable?.exists !== true) return 0;
  const [newest] = await database.rows<{ at: string | null }>(sql`select max(created_at) as at from tidings.migrations`);
  return Number(newest?.at ?? 0);
}

function newerSchemaError(): TidingsError {
  return new TidingsError('CANNOT_START', 'The database was migrated by a newer version of Tidings. Start that version or a later one.');
}

const minServerVersion = 150_000;
/** "tidings" in ASCII. */
const startersLock = { key: String(0x746964696e6773n), purpose: 'for another process that is starting' };
const writersLock = { key: writersLockKey, purpose: 'for the running transactions of other processes, to migrate the database' };
