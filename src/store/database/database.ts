import { DrizzleQueryError, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { SQL } from 'drizzle-orm';
import type postgres from 'postgres';
import { TidingsError } from '../../errors.ts';
import { openConnection, type Connection, type ConnectionOptions } from './connection.ts';
import { listenOn, type ListenOptions } from './listener.ts';
import { Pool } from './pool.ts';
import { asTimeLimitExceeded, asUnavailable } from './database-errors.ts';

/** The connections to the database. Errors of reaching it are UNAVAILABLE, whatever the statement. */
export interface Database extends AsyncDisposable {
  readonly kind: 'embedded' | 'postgres';
  /** Runs one statement and gives its rows, values as the driver reads them: bigint, timestamptz and lists as text. */
  rows<Row>(statement: SQL, planMode?: PlanMode): Promise<readonly Row[]>;
  /** Milliseconds that one statement may take, and a question that takes several; 0 for no bound. Postgres sees to the first, not PGlite. */
  readonly statementTimeout: number;
  /** Lends a connection, for what needs one for several statements. */
  withConnection<T>(work: (client: postgres.Sql) => Promise<T>): Promise<T>;
  /** Hears what is sent with NOTIFY, until disposed of. Not on the embedded database, whose one connection that would take. */
  listen(options: ListenOptions): Promise<AsyncDisposable>;
  /** Sends to those who listen on a channel of this database. */
  notify(channel: string, payload: string): Promise<void>;
}

/**
 * Whether a statement is planned for its values, which is what filters need, or once for a connection, which spares
 * statements that are always the same a round trip. There must be few of those, since connections keep them.
 */
export type PlanMode = 'for its values' | 'once';

export interface ConnectionSettings {
  readonly poolSize: number;
  readonly statementTimeout: number;
  /** Told of every statement that fails. */
  readonly onFailure?: (kind: StatementFailure) => void;
}

export type StatementFailure = 'unreachable' | 'timeout' | 'other';

export function connectPostgres(url: string, settings: ConnectionSettings): Database {
  return wrap('postgres', { url, connection: driverOptions(settings) }, settings);
}

/** Connects to the embedded database's socket; it takes one connection at a time. */
export function connectEmbedded(path: string, settings: ConnectionSettings): Database {
  const options = { url: null, path, username: 'postgres', database: 'postgres', connection: driverOptions(settings) };
  return wrap('embedded', options, { ...settings, poolSize: 1 });
}

function driverOptions({ statementTimeout }: ConnectionSettings) {
  return {
    application_name: 'tidings',
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    statement_timeout: statementTimeout,
    // Filters look costly to the planner and run for milliseconds, which compiling them would multiply.
    jit: 'off',
    // Everything here is found by an index. The planner does not know what it costs to fetch values kept out of line,
    // and would rather read all digests than ask their index.
    enable_seqscan: 'off',
  } as const;
}

function wrap(kind: Database['kind'], options: ConnectionOptions, settings: ConnectionSettings): Database {
  const { poolSize, statementTimeout, onFailure = () => undefined } = settings;
  const pool = new Pool(async () => {
    const connection = await openConnection(options);
    drizzle(connection.client); // it lets times and JSON through as text
    return connection;
  }, poolSize);
  const classifyError = (failure: unknown): unknown => {
    // Without drizzle's own error around it, which tells all parameters, and so events, wherever it is logged.
    const error = failure instanceof DrizzleQueryError ? (failure.cause ?? failure) : failure;
    // What was told already, of a statement of its own or of none.
    if (error instanceof TidingsError) return error;
    const unreachable = asUnavailable(error);
    const timedOut = asTimeLimitExceeded(error, statementTimeout);
    onFailure(unreachable !== null ? 'unreachable' : timedOut !== null ? 'timeout' : 'other');
    return unreachable ?? timedOut ?? error;
  };
  /** Gives up a connection on which no answer comes, when the server should have ended the statement long since. */
  const withDeadline = async <T>({ client }: Connection, work: () => Promise<T>): Promise<T> => {
    if (kind === 'embedded' || statementTimeout === 0) return work();
    const timer = setTimeout(() => void client.end({ timeout: 0 }), statementTimeout + graceMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  };
  const database: Database = {
    kind,
    statementTimeout,
    async rows<Row>(statement: SQL, planMode: PlanMode = 'for its values') {
      const run = (client: postgres.Sql): Promise<unknown> => {
        const { sql: text, params } = dialect.sqlToQuery(statement);
        // The driver knows `simple`, its types do not: without parameters it would never prepare.
        const options = { prepare: planMode === 'once', simple: planMode !== 'once' && params.length === 0 };
        return client.unsafe(text, params as postgres.ParameterOrJSON<never>[], options);
      };
      try {
        return (await pool.with((connection) => withDeadline(connection, () => run(connection.client)))) as readonly Row[];
      } catch (failure) {
        throw classifyError(failure);
      }
    },
    async withConnection(work) {
      try {
        return await pool.with(({ client }) => work(client));
      } catch (failure) {
        throw classifyError(failure);
      }
    },
    listen: (listenOptions) => listenOn(options, listenOptions),
    async notify(channel, payload) {
      await database.rows(sql`select pg_notify(${channel}, ${payload})`);
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
  return database;
}

const dialect = new PgDialect();

/** What a network may add to the time of a statement. */
const graceMs = 3000;
