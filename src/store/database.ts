import { drizzle } from 'drizzle-orm/postgres-js';
import type { SQL } from 'drizzle-orm';
import postgres from 'postgres';
import { unavailable } from './unavailable.ts';

/** The connections to the database. Errors of reaching it are UNAVAILABLE, whatever the statement. */
export interface Database extends AsyncDisposable {
  readonly kind: 'embedded' | 'postgres';
  /** Runs one statement and gives its rows, values as the driver reads them: bigint, timestamptz and jsonb as text. */
  rows<Row>(statement: SQL): Promise<readonly Row[]>;
  /** The client itself, for what needs one connection for several statements, or LISTEN. */
  readonly client: postgres.Sql;
  readonly orm: ReturnType<typeof drizzle>;
}

export interface ConnectionSettings {
  readonly poolSize: number;
  readonly statementTimeout: number;
}

export function connectPostgres(url: string, settings: ConnectionSettings): Database {
  const client = postgres(url, { ...driverOptions(settings), max: settings.poolSize });
  return wrap('postgres', client);
}

/** Connects to the embedded database's socket; it takes one connection at a time. */
export function connectEmbedded(path: string, settings: ConnectionSettings): Database {
  const options = { path, username: 'postgres', database: 'postgres', max: 1 };
  return wrap('embedded', postgres({ ...driverOptions(settings), ...options }));
}

function driverOptions(settings: ConnectionSettings) {
  return {
    onnotice: () => undefined,
    connect_timeout: 10,
    // The default backs off for up to 20 s; a database that is back should be noticed sooner.
    backoff: (retries: number) => Math.min(0.1 * 2 ** retries, 2),
    connection: {
      application_name: 'tidings',
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      statement_timeout: settings.statementTimeout,
      // Filters look costly to the planner and run for milliseconds, which compiling them would multiply.
      jit: 'off',
    },
  } as const;
}

function wrap(kind: Database['kind'], client: postgres.Sql): Database {
  const orm = drizzle(client);
  return {
    kind,
    client,
    orm,
    async rows<Row>(statement: SQL) {
      try {
        return (await orm.execute(statement)) as unknown as readonly Row[];
      } catch (error) {
        throw unavailable(error) ?? error;
      }
    },
    async [Symbol.asyncDispose]() {
      await client.end({ timeout: endTimeoutSeconds });
    },
  };
}

const endTimeoutSeconds = 5;
