import { setMaxListeners } from 'node:events';
import { DrizzleQueryError, sql, type SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { TidingsError } from '../../errors.ts';
import { driverUrls } from '../../postgres-url.ts';
import { closedError, openConnection, type Connection, type ConnectionOptions, type DriverOptions } from './connection.ts';
import { isOtherServer } from './server-identity.ts';
import { listenOn, type ListenOptions } from './listener.ts';
import { Pool } from './pool.ts';
import { startStallWatch } from './stall-watch.ts';
import { asTimeLimitExceeded, asUnavailable } from './database-errors.ts';

/**
 * A pool of connections to the database. Every method throws UNAVAILABLE if the database cannot be
 * reached.
 */
export interface Database extends AsyncDisposable {
  readonly kind: 'embedded' | 'postgres';
  /**
   * Runs one statement and returns its rows, with values as the driver reads them: bigint,
   * timestamptz and arrays as text.
   */
  rows<Row>(statement: SQL, planMode?: PlanMode): Promise<readonly Row[]>;
  /**
   * The timeout in milliseconds of one statement, and of a query of several (AdaptiveBatch); 0:
   * none. Postgres cancels a slow statement, PGlite does not.
   */
  readonly statementTimeout: number;
  /** Runs `work` on one connection, for several statements that need the same one. */
  withConnection<T>(work: (client: postgres.Sql) => Promise<T>): Promise<T>;
  /**
   * Receives notifications until disposed. Not for the embedded database, which has a single
   * connection.
   */
  listen(options: ListenOptions): Promise<AsyncDisposable>;
  /** Sends a notification to all listeners on a channel of this database. */
  notify(channel: string, payload: string): Promise<void>;
}

/**
 * Custom: Postgres plans the statement for its parameter values, which filters need. Prepared: the
 * connection keeps the statement, which saves a round trip. Only a few constant statements may be
 * prepared, since connections keep them.
 */
export type PlanMode = 'custom' | 'prepared';

export interface ConnectionSettings {
  readonly poolSize: number;
  readonly statementTimeout: number;
  /** Called for every failed statement. */
  readonly onFailure?: (kind: StatementFailure) => void;
  /** The identity of the server to use (server-identity.ts); without it, any primary. */
  readonly server?: string;
  /**
   * Called when a new connection leads to a primary that is another server. From then on every
   * statement throws UNAVAILABLE, also those that wait for a connection.
   */
  readonly onServerReplaced?: () => void;
  /** Default: true. False: statements throw UNAVAILABLE once the first connection is lost. */
  readonly reconnects?: false;
}

export type StatementFailure = 'unreachable' | 'timeout' | 'other';

export function connectPostgres(url: string, settings: ConnectionSettings): Database {
  const { server } = settings;
  return wrap(
    'postgres',
    { urls: driverUrls(url), driver: { connection: startupParameters(settings) }, ...(server !== undefined && { server }) },
    settings,
  );
}

/** Connects to the socket of the embedded database, which accepts one connection at a time. */
export function connectEmbedded(path: string, settings: ConnectionSettings): Database {
  const driver = { path, username: 'postgres', database: 'postgres', connection: startupParameters(settings) };
  return wrap('embedded', { urls: [null], driver }, { ...settings, poolSize: 1 });
}

function startupParameters({ statementTimeout }: ConnectionSettings) {
  return {
    application_name: 'tidings',
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    statement_timeout: statementTimeout,
    // The planner overestimates the cost of filters, which run for milliseconds; compiling them
    // takes a multiple of that.
    jit: 'off',
    // Every query has an index to use. The planner does not count the cost of values stored out of
    // line, and would read all block summaries instead of their index.
    enable_seqscan: 'off',
  } as const;
}

function wrap(kind: Database['kind'], options: ConnectionOptions, settings: ConnectionSettings): Database {
  const { poolSize, statementTimeout, onFailure = () => undefined } = settings;
  const fence = new AbortController();
  setMaxListeners(0, fence.signal); // one for each connection
  const open = async (overrides: Pick<DriverOptions, 'onnotify'> = {}): Promise<Connection> => {
    try {
      return await openConnection({ ...options, driver: { ...options.driver, ...overrides }, fenced: fence.signal });
    } catch (error) {
      if (isOtherServer(error)) {
        // Connections to the server before it may still work, or hang. None is used any more.
        void pool[Symbol.asyncDispose]();
        fence.abort();
        settings.onServerReplaced?.();
      }
      throw error;
    }
  };
  const probe = async (): Promise<void> => (await open())[Symbol.asyncDispose]();
  const stallWatch = kind === 'embedded' || settings.onServerReplaced === undefined ? null : startStallWatch(probe);
  let connected = false;
  const pool = new Pool(async () => {
    if (connected && settings.reconnects === false) throw closedError();
    const connection = await open();
    connected = true;
    drizzle(connection.client); // makes the client return times and JSON as text
    return connection;
  }, poolSize);
  const classifyError = (failure: unknown): unknown => {
    // Unwrap the error of drizzle, whose message has all parameters, so that no events get into
    // logs.
    const error = failure instanceof DrizzleQueryError ? (failure.cause ?? failure) : failure;
    // Classified and reported before, or not an error of a statement.
    if (error instanceof TidingsError) return error;
    const unreachable = asUnavailable(error);
    const timedOut = asTimeLimitExceeded(error, statementTimeout);
    onFailure(unreachable !== null ? 'unreachable' : timedOut !== null ? 'timeout' : 'other');
    return unreachable ?? timedOut ?? error;
  };
  /**
   * Closes a connection on which no answer comes although the server should have cancelled the
   * statement.
   */
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
    async rows<Row>(statement: SQL, planMode: PlanMode = 'custom') {
      const run = (client: postgres.Sql): Promise<unknown> => {
        const { sql: text, params } = dialect.sqlToQuery(statement);
        // The driver's types lack `simple`. It defaults to true without parameters; such a
        // statement is never prepared.
        const isPrepared = planMode === 'prepared';
        const options = { prepare: isPrepared, simple: !isPrepared && params.length === 0 };
        return client.unsafe(text, params as postgres.ParameterOrJSON<never>[], options);
      };
      try {
        const runInPool = (): Promise<unknown> => pool.with((connection) => withDeadline(connection, () => run(connection.client)));
        return (await (stallWatch?.run(runInPool) ?? runInPool())) as readonly Row[];
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
    listen: (listenOptions) => listenOn(open, listenOptions),
    async notify(channel, payload) {
      await database.rows(sql`select pg_notify(${channel}, ${payload})`);
    },
    async [Symbol.asyncDispose]() {
      stallWatch?.[Symbol.dispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
  return database;
}

const dialect = new PgDialect();

/** The time that the network may add to a statement. */
const graceMs = 3000;
