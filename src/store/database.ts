import { DrizzleQueryError } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { SQL } from 'drizzle-orm';
import postgres from 'postgres';
import { tookTooLong, unavailable } from './unavailable.ts';

/** The connections to the database. Errors of reaching it are UNAVAILABLE, whatever the statement. */
export interface Database extends AsyncDisposable {
  readonly kind: 'embedded' | 'postgres';
  /** Runs one statement and gives its rows, values as the driver reads them: bigint, timestamptz and jsonb as text. */
  rows<Row>(statement: SQL): Promise<readonly Row[]>;
  /** Milliseconds that one statement may take, and a question that takes several; 0 for no bound. Postgres sees to the first, not PGlite. */
  readonly statementTimeout: number;
  /** The client itself, for what needs one connection for several statements, or LISTEN. */
  readonly client: postgres.Sql;
  readonly orm: ReturnType<typeof drizzle>;
}

export interface ConnectionSettings {
  readonly poolSize: number;
  readonly statementTimeout: number;
  /** Told of every statement that fails. */
  readonly failed?: (kind: StatementFailure) => void;
}

export type StatementFailure = 'unreachable' | 'timeout' | 'other';

export function connectPostgres(url: string, settings: ConnectionSettings): Database {
  const client = postgres(url, { ...driverOptions(settings), max: settings.poolSize });
  return wrap('postgres', client, settings);
}

/** Connects to the embedded database's socket; it takes one connection at a time. */
export function connectEmbedded(path: string, settings: ConnectionSettings): Database {
  const options = { path, username: 'postgres', database: 'postgres', max: 1 };
  return wrap('embedded', postgres({ ...driverOptions(settings), ...options }), settings);
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
      // Everything here is found by an index. The planner does not know what it costs to fetch values kept out of line,
      // and would rather read all digests than ask their index.
      enable_seqscan: 'off',
    },
  } as const;
}

function wrap(kind: Database['kind'], client: postgres.Sql, { statementTimeout, failed = () => undefined }: ConnectionSettings): Database {
  const orm = drizzle(client);
  return {
    kind,
    statementTimeout,
    client,
    orm,
    async rows<Row>(statement: SQL) {
      try {
        return (await orm.execute(statement)) as unknown as readonly Row[];
      } catch (failure) {
        // Without drizzle's own error around it, which tells all parameters, and so events, wherever it is logged.
        const error = failure instanceof DrizzleQueryError ? (failure.cause ?? failure) : failure;
        const away = unavailable(error);
        const late = tookTooLong(error, statementTimeout);
        failed(away !== null ? 'unreachable' : late !== null ? 'timeout' : 'other');
        throw away ?? late ?? error;
      }
    },
    async [Symbol.asyncDispose]() {
      await client.end({ timeout: endTimeoutSeconds });
    },
  };
}

const endTimeoutSeconds = 5;
