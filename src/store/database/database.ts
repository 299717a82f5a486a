import { setMaxListeners } from 'node:events';
import { DrizzleQueryError, sql, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { TidingsError } from '../../errors.ts';
import { driverUrls } from '../../postgres-url.ts';
import { Semaphore } from '../../concurrency/semaphore.ts';
import { maxReadsPerOperation, type Turn } from './admission.ts';
import {
  closedError,
  openConnection,
  sendBoth,
  sendStatement,
  type Connection,
  type ConnectionOptions,
  type DriverOptions,
  type Statement,
} from './connection.ts';
import { isOtherServer } from './server-identity.ts';
import { listenOn, type ListenOptions } from './listener.ts';
import { Pool } from './pool.ts';
import { knownSchemaVersion } from './schema-version.ts';
import { startStallWatch } from './stall-watch.ts';
import { RepeatedStatements, statementText } from './statements.ts';
import { asOutdated, asTimeLimitExceeded, asUnavailable, cancelledError, timeLimitExceeded } from './database-errors.ts';

/**
 * A pool of connections to the database. Every method throws UNAVAILABLE if the database cannot be
 * reached.
 */
export interface Database extends AsyncDisposable {
  readonly kind: 'embedded' | 'postgres';
  /** The same object for the database and its `reads`. */
  readonly identity: object;
  /**
   * Runs one statement and returns its rows, with values as the driver reads them: bigint,
   * timestamptz and arrays as text.
   */
  rows<Row>(statement: SQL, planMode?: PlanMode): Promise<readonly Row[]>;
  /**
   * Like `rows`, after another statement on the same connection: both are sent together, and the second
   * begins when the first has ended.
   */
  rowsAfter<First, Row>(first: FirstStatement<First>, statement: SQL, planMode?: PlanMode): Promise<readonly Row[]>;
  /**
   * The same database for the reads of one operation of a client. `rows` waits its turn among the
   * reads of all clients, and throws CANCELLED soon after the signal aborts: a running statement is
   * cancelled in the database (Postgres only), a waiting one is not begun. Not for writes, nor for
   * reads that other operations share.
   */
  reads(reader: Reader): Database;
  /**
   * The timeout in milliseconds of one statement, and of a query of several (AdaptiveBatch); 0:
   * none. Postgres cancels a slow statement; PGlite only reads, at the cost of a restart.
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

/** A prepared statement, and what receives its rows, before those of the second one. */
export interface FirstStatement<Row> {
  readonly statement: SQL;
  readonly onRows: (rows: readonly Row[]) => void;
}

export interface Reader extends Turn {
  readonly client: string;
}

/**
 * Custom: Postgres plans the statement for its parameter values. Prepared: the connection keeps the
 * statement, which saves parsing it, and after five executions planning, if a plan for any values
 * costs no more. Only a few constant statements may be prepared, since a plan over many partitions is
 * large. Repeated: prepared if the same text is executed often (RepeatedStatements); for statements
 * whose plan does not depend on the values.
 */
export type PlanMode = 'custom' | 'prepared' | 'repeated';

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

/** Outdated: a newer program has migrated the database, so this one must stop. */
export type StatementFailure = 'unreachable' | 'timeout' | 'outdated' | 'other';

export function connectPostgres(url: string, settings: ConnectionSettings): Database {
  const { server } = settings;
  const options = { urls: driverUrls(url), driver: { connection: startupParameters(settings) }, ...(server !== undefined && { server }) };
  return wrap(options, settings, null);
}

/** Connects to the socket of the embedded database, which accepts one connection at a time. */
export function connectEmbedded(embedded: RestartableServer, settings: ConnectionSettings): Database {
  const driver = { path: embedded.path, username: 'postgres', database: 'postgres', connection: startupParameters(settings) };
  return wrap({ urls: [null], driver }, settings, embedded);
}

/** The embedded database: its socket, and how to end its only statement (embedded.ts). */
export interface RestartableServer {
  readonly path: string;
  ready(): Promise<unknown>;
  restart(): void;
}

function startupParameters({ statementTimeout }: ConnectionSettings) {
  return {
    application_name: 'tidings',
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    // Values are parsed in these forms, whatever the defaults of the user or the database are.
    bytea_output: 'hex',
    // The order of the log needs a snapshot for each statement (src/store/log/log-head.ts).
    default_transaction_isolation: 'read committed',
    statement_timeout: statementTimeout,
    // The planner overestimates the cost of filters, which run for milliseconds; compiling them
    // takes a multiple of that.
    jit: 'off',
    // Every query has an index to use. The planner does not count the cost of values stored out of
    // line, and would read all block summaries instead of their index.
    enable_seqscan: 'off',
  } as const;
}

function wrap(options: ConnectionOptions, settings: ConnectionSettings, embedded: RestartableServer | null): Database {
  const kind = embedded === null ? 'postgres' : 'embedded';
  const { poolSize, statementTimeout, onFailure = () => undefined } = settings;
  const schemaVersion = String(knownSchemaVersion());
  const connections = kind === 'embedded' ? 1 : poolSize;
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
    await embedded?.ready();
    const connection = await open();
    connected = true;
    // PGlite ignores parameters of the connection.
    await connection.client`select set_config('tidings.schema_version', ${schemaVersion}, false)`;
    // A pooler that ignores them must be noticed (src/store/migrate.ts), so this is not for Postgres.
    if (kind === 'embedded') {
      await connection.client`select set_config('enable_seqscan', 'off', false)`;
      await connection.client`deallocate all`; // its session outlives the connection
    }
    drizzle(connection.client); // makes the client return times and JSON as text
    return connection;
  }, connections);
  const classifyError = (failure: unknown): unknown => {
    // Unwrap the error of drizzle, whose message has all parameters, so that no events get into
    // logs.
    const error = failure instanceof DrizzleQueryError ? (failure.cause ?? failure) : failure;
    // Classified and reported before, or not an error of a statement.
    if (error instanceof TidingsError) return error;
    const outdated = asOutdated(error);
    if (outdated !== null) {
      onFailure('outdated');
      return outdated;
    }
    const unreachable = asUnavailable(error);
    const timedOut = asTimeLimitExceeded(error, statementTimeout);
    onFailure(unreachable !== null ? 'unreachable' : timedOut !== null ? 'timeout' : 'other');
    return unreachable ?? timedOut ?? error;
  };
  /**
   * Closes a connection on which no answer comes although the server should have cancelled the
   * statement. PGlite cancels none: a read, which leaves nothing half done, ends with its thread.
   */
  const withDeadline = async <T>({ client }: Connection, turn: Turn, work: () => Promise<T>): Promise<T> => {
    if (statementTimeout === 0 || (embedded !== null && turn.client === null)) return work();
    let restarted = false;
    const end = (): void => {
      if (embedded === null) return void client.end({ timeout: 0 });
      restarted = true;
      embedded.restart();
    };
    const timer = setTimeout(end, embedded === null ? statementTimeout + graceMs : statementTimeout);
    try {
      return await work();
    } catch (error) {
      throw restarted ? timeLimitExceeded(statementTimeout, error) : error;
    } finally {
      clearTimeout(timer);
    }
  };
  const repeated = new RepeatedStatements();
  const compile = (statement: SQL, planMode: PlanMode): Statement => {
    const { text, parameters } = statementText(statement);
    return { text, parameters, isPrepared: planMode === 'prepared' || (planMode === 'repeated' && repeated.shouldKeep(text)) };
  };
  const run = async (turn: Turn, send: (connection: Connection) => Promise<unknown>): Promise<unknown> => {
    const { signal } = turn;
    const cancellable = (connection: Connection): Promise<unknown> =>
      embedded !== null || signal === undefined ? send(connection) : pool.cancelling({ connection, signal }, () => send(connection));
    const runInPool = (): Promise<unknown> =>
      pool.with((connection) => withDeadline(connection, turn, () => cancellable(connection)), turn);
    try {
      return await (stallWatch?.run(runInPool) ?? runInPool());
    } catch (failure) {
      throw signal?.aborted === true ? cancelledError() : classifyError(failure);
    }
  };
  const rowsFor = (turn: Turn): Pick<Database, 'rows' | 'rowsAfter'> => ({
    async rows<Row>(statement: SQL, planMode: PlanMode = 'custom') {
      const compiled = compile(statement, planMode);
      return (await run(turn, (connection) => sendStatement(connection, compiled))) as readonly Row[];
    },
    async rowsAfter<First, Row>({ statement: first, onRows }: FirstStatement<First>, statement: SQL, planMode: PlanMode = 'custom') {
      const compiledFirst = { ...compile(first, 'prepared'), onRows: (rows: readonly unknown[]) => onRows(rows as readonly First[]) };
      const compiled = compile(statement, planMode);
      return (await run(turn, (connection) => sendBoth(connection, compiledFirst, compiled))) as readonly Row[];
    },
  });
  const database: Database = {
    kind,
    identity: pool,
    statementTimeout,
    ...rowsFor(notRead),
    reads(reader) {
      const startReading = (): Semaphore => {
        // Node warns of more than ten listeners, which may be a leak elsewhere.
        if (reader.signal !== undefined) setMaxListeners(0, reader.signal);
        return new Semaphore(maxReadsPerOperation(connections));
      };
      let semaphore: Semaphore | null = null; // most emissions read nothing
      const unlimited = rowsFor(reader);
      return {
        ...database,
        rows: (...statement) => (semaphore ??= startReading()).with(() => unlimited.rows(...statement)),
        rowsAfter: (...statements) => (semaphore ??= startReading()).with(() => unlimited.rowsAfter(...statements)),
      };
    },
    async withConnection(work) {
      try {
        return await pool.with(({ client }) => work(client), notRead);
      } catch (failure) {
        throw classifyError(failure);
      }
    },
    listen: (listenOptions) => listenOn(open, listenOptions),
    async notify(channel, payload) {
      await database.rows(sql`select pg_notify(${channel}, ${payload})`, 'prepared');
    },
    async [Symbol.asyncDispose]() {
      stallWatch?.[Symbol.dispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
  return database;
}

const notRead: Turn = { client: null };

/** The time that the network may add to a statement. */
const graceMs = 3000;
