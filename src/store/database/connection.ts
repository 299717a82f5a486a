import { connect, type Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import postgres from 'postgres';

/**
 * One connection to Postgres, from its opening until it breaks; then it is thrown away, and another one is opened.
 *
 * postgres.js would open it again by itself. But of version 3.4.9 a connection that closed while something waited to be
 * written never writes again (each statement then hangs until connecting times out), one that is closed while it opens tries
 * again at once and for ever, and one that breaks while it asks for the types of arrays ends the process. So each
 * connection is a client of its own, which gets one socket, is refused a second one, and asks for no types.
 */
export interface Connection extends AsyncDisposable {
  readonly client: postgres.Sql;
  /** Aborts when it has broken. */
  readonly broken: AbortSignal;
}

export interface ConnectionOptions {
  /** Null: by `path`. */
  readonly url: string | null;
  readonly path?: string;
  readonly username?: string;
  readonly database?: string;
  /** What the server is told at the start. */
  readonly connection: Readonly<Record<string, string | number>>;
  readonly onnotify?: (channel: string, payload: string) => void;
}

/** Opens one, at the first host of the address that takes it. Throws what the last one said. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  // Where to is for the driver to say, which also knows the environment's defaults.
  const { host, port, path } = createClient(options).options;
  for (const [index, each] of host.entries()) {
    try {
      return await openAt(options, path ? { path } : { host: each, port: port[index] ?? 5432 });
    } catch (error) {
      if (index === host.length - 1) throw error;
    }
  }
  throw new Error('an address without a host');
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
  try {
    await withTimeout(client`select`);
  } catch (error) {
    client.end({ timeout: 0 }).catch(() => undefined);
    throw error;
  }
  return {
    client,
    broken: broken.signal,
    // Whoever used it was told what went wrong.
    [Symbol.asyncDispose]: () => client.end({ timeout: endTimeoutSeconds }).catch(() => undefined),
  };
}

function createClient({ url, ...others }: ConnectionOptions, overrides: object = {}): postgres.Sql {
  const options = { onnotice: () => undefined, max: 1, max_lifetime: null, fetch_types: false, ...others, ...overrides };
  return url === null ? postgres(options) : postgres(url, options);
}

function dial(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // TLS checks the certificate against the host that stands on the socket.
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

/** What listens may take a connection and never answer. */
async function withTimeout<T>(response: PromiseLike<T>): Promise<T> {
  const settled = new AbortController();
  const timeout = after(connectTimeoutMs, undefined, { signal: settled.signal }).then(() => {
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
  return Object.assign(new Error('no answer from the database in time'), { code: 'CONNECT_TIMEOUT' });
}

function closedError(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'CONNECTION_CLOSED' });
}

const connectTimeoutMs = 10_000;
const endTimeoutSeconds = 5;
