import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { checkServer, isOtherServer } from './server-identity.ts';

/**
 * One connection to Postgres. A broken connection is discarded, and another one is opened.
 *
 * Why not the reconnects of postgres.js? In version 3.4.9,
 * - a connection that closes while writes are pending never writes again: each statement hangs
 *   until connecting times out;
 * - a connection that closes while it opens reconnects at once and for ever;
 * - a connection that breaks while it reads the types of arrays ends the process.
 * So each connection is a client of its own that gets one socket, no second one, and reads no
 * types.
 */
export interface Connection extends AsyncDisposable {
  readonly client: postgres.Sql;
  /** The id of its process on the server; 0 on the embedded database. */
  readonly processId: number;
  /** Aborts when the connection has broken. */
  readonly broken: AbortSignal;
  /** The texts of the statements that it keeps. */
  readonly prepared: Set<string>;
}

export interface ConnectionOptions {
  /** The addresses of one host each; null: the socket at `path`. */
  readonly urls: readonly (string | null)[];
  /** The identity of the server to use (server-identity.ts); without it, any primary. */
  readonly server?: string;
  /** Breaks the connection when it aborts. */
  readonly fenced?: AbortSignal;
  readonly driver: DriverOptions;
}

export interface DriverOptions {
  readonly path?: string;
  readonly username?: string;
  readonly database?: string;
  /** Startup parameters for the server. */
  readonly connection: Readonly<Record<string, string | number>>;
  readonly onnotify?: (channel: string, payload: string) => void;
}

/**
 * Opens a connection to the address that leads to the expected server, or else to a primary. Tries
 * all at once, so that a machine that does not answer delays nothing. Throws the error of a primary
 * that is another server than the expected one, else that of the last address.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const attempts = options.urls.map((url) => openAt(options, url));
  let opened: Connection | null = null;
  try {
    opened = await Promise.race([Promise.any(attempts), otherServer(attempts)]);
    return opened;
  } catch (error) {
    const failures: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    throw failures.find(isOtherServer) ?? failures.at(-1);
  } finally {
    for (const attempt of attempts) void attempt.then((each) => (each === opened ? undefined : each[Symbol.asyncDispose]()), ignore);
  }
}

/** Rejects some time after an attempt has found another server: the expected one would have answered. */
function otherServer(attempts: readonly Promise<Connection>[]): Promise<never> {
  return new Promise((_, reject) => {
    for (const attempt of attempts) {
      attempt.catch((error: unknown) => {
        if (isOtherServer(error)) setTimeout(() => reject(error), otherServerGraceMs).unref();
      });
    }
  });
}

type Address = { readonly path: string } | { readonly host: string; readonly port: number };

async function openAt(options: ConnectionOptions, url: string | null): Promise<Connection> {
  // Let the driver resolve the host; it also reads PGHOST.
  const { host, port, path } = createClient(options, url).options;
  const address: Address = path ? { path } : { host: host[0] ?? '', port: port[0] ?? defaultPort };
  const broken = new AbortController();
  let dialled = false;
  const socket = async (): Promise<Socket> => {
    if (dialled) throw closedError();
    dialled = true;
    return dial(address);
  };
  const client = createClient(options, url, { socket, onclose: () => broken.abort() });
  let processId = 0;
  try {
    processId = await withTimeout('path' in address ? client`select`.then(() => 0) : checkServer(client, options.server));
  } catch (error) {
    client.end({ timeout: 0 }).catch(() => undefined);
    throw error;
  }
  if (options.fenced?.aborted === true) broken.abort();
  options.fenced?.addEventListener('abort', () => broken.abort(), { signal: broken.signal });
  return {
    client,
    processId,
    broken: broken.signal,
    prepared: new Set(),
    // The caller whose statement failed has the error already.
    [Symbol.asyncDispose]: () => client.end({ timeout: endTimeoutSeconds }).catch(() => undefined),
  };
}

/**
 * Sends a statement. The driver prepares one with parameters in two round trips: it asks for their
 * types first, to encode the values. Texts, numbers and null need no encoding, so an unnamed
 * statement with these takes one round trip: as the driver sends a statement without arguments, with
 * the parameters set as it would set them.
 *
 * Assumes: no parameter of a binary column (bytea) is a text. The driver would encode it; here the
 * server parses it.
 */
export function sendStatement(
  { client, prepared }: Pick<Connection, 'client' | 'prepared'>,
  { text, parameters, isPrepared }: Statement,
): Promise<readonly unknown[]> {
  if (isPrepared) prepared.add(text);
  // The driver's types lack `simple`. It defaults to true without parameters; such a statement is never prepared.
  const options = { prepare: isPrepared, simple: !isPrepared && parameters.length === 0 };
  if (isPrepared || !parameters.every(isPlain)) return client.unsafe(text, [...parameters] as postgres.ParameterOrJSON<never>[], options);
  return Object.assign(client.unsafe(text, [], options), { parameters: [...parameters] });
}

/**
 * Sends two statements together. The second begins when the first has ended, also if that fails, which throws its error
 * when both have ended: only then the connection is free.
 */
export async function sendBoth(
  connection: Pick<Connection, 'client' | 'prepared'>,
  first: Statement & { readonly onRows: (rows: readonly unknown[]) => void },
  second: Statement,
): Promise<readonly unknown[]> {
  const [before, rows] = await Promise.allSettled([sendStatement(connection, first).then(first.onRows), sendStatement(connection, second)]);
  if (before.status === 'rejected') throw before.reason;
  if (rows.status === 'rejected') throw rows.reason;
  return rows.value;
}

export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
  /** Whether the connection keeps it. */
  readonly isPrepared: boolean;
}

function isPlain(parameter: unknown): boolean {
  return parameter === null || typeof parameter === 'string' || typeof parameter === 'number';
}

function createClient({ driver }: ConnectionOptions, url: string | null, overrides: object = {}): postgres.Sql {
  const all = { onnotice: () => undefined, max: 1, max_lifetime: null, fetch_types: false, ...driver, ...overrides };
  return url === null ? postgres(all) : postgres(url, { ...all, ...ipv6AddressOf(url) });
}

/** The driver cuts the host of an address at its first colon. In lists, which its types lack, it takes any. */
function ipv6AddressOf(url: string): object {
  const { hostname, port } = new URL(url);
  return hostname.startsWith('[') ? { host: [hostname.slice(1, -1)], port: [Number(port || defaultPort)] } : {};
}

function dial(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // TLS checks the certificate against the `host` property of the socket.
    const socket = Object.assign(connect(address), address);
    socket.once('error', reject);
    socket.setTimeout(connectTimeoutMs, () => socket.destroy(timeoutError()));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Bounds the wait for an answer: a listener may accept a connection and never answer. */
async function withTimeout<T>(response: PromiseLike<T>): Promise<T> {
  const settled = new AbortController();
  const timeout = sleep(connectTimeoutMs, undefined, { signal: settled.signal }).then(() => {
    throw timeoutError();
  });
  timeout.catch(() => undefined);
  try {
    return await Promise.race([response, timeout]);
  } finally {
    settled.abort();
  }
}

function timeoutError(): Error {
  return Object.assign(new Error('the database did not answer in time'), { code: 'CONNECT_TIMEOUT' });
}

export function closedError(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'CONNECTION_CLOSED' });
}

const ignore = (): void => undefined;
const defaultPort = 5432;
const otherServerGraceMs = 500;
const connectTimeoutMs = 10_000;
const endTimeoutSeconds = 5;
