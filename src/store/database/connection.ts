import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';

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
  /** The id of its process on the server. */
  readonly processId: number;
  /** Aborts when the connection has broken. */
  readonly broken: AbortSignal;
}

export interface ConnectionOptions {
  /** Null: connect to the socket at `path`. */
  readonly url: string | null;
  readonly path?: string;
  readonly username?: string;
  readonly database?: string;
  /** Startup parameters for the server. */
  readonly connection: Readonly<Record<string, string | number>>;
  readonly onnotify?: (channel: string, payload: string) => void;
}

/**
 * Opens a connection to the first host of the address that accepts it. Throws the error of the last
 * one.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  // Let the driver resolve hosts; it also reads PGHOST.
  const { host, port, path } = createClient(options).options;
  for (const [index, each] of host.entries()) {
    try {
      return await openAt(options, path ? { path } : { host: each, port: port[index] ?? 5432 });
    } catch (error) {
      if (index === host.length - 1) throw error;
    }
  }
  throw new Error('the address has no host');
}

type Address = { readonly path: string } | { readonly host: string; readonly port: number };

async function openAt(options: ConnectionOptions, address: Address): Promise<Connection> {
  const broken = new AbortController();
  let dialled = false;
  const socket = async (): Promise<Socket> => {
    if (dialled) throw closedError();
    dialled = true;
    return dial(address);
  };
  const client = createClient(options, { socket, onclose: () => broken.abort() });
  let processId = 0;
  try {
    const [row] = await withTimeout(client<{ id: number }[]>`select pg_backend_pid() as id`);
    processId = row?.id ?? 0;
  } catch (error) {
    client.end({ timeout: 0 }).catch(() => undefined);
    throw error;
  }
  return {
    client,
    processId,
    broken: broken.signal,
    // The caller whose statement failed has the error already.
    [Symbol.asyncDispose]: () => client.end({ timeout: endTimeoutSeconds }).catch(() => undefined),
  };
}

function createClient({ url, ...options }: ConnectionOptions, overrides: object = {}): postgres.Sql {
  const all = { onnotice: () => undefined, max: 1, max_lifetime: null, fetch_types: false, ...options, ...overrides };
  return url === null ? postgres(all) : postgres(url, all);
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

function closedError(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'CONNECTION_CLOSED' });
}

const connectTimeoutMs = 10_000;
const endTimeoutSeconds = 5;
