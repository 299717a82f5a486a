import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { TidingsError } from '../../errors.ts';

/**
 * Lets one process at a time use a data folder. Node has no file locks, so the lock is a name to listen on, which the
 * system frees with the process, however that ends.
 *
 * Promises: two live processes of one machine never hold it together. On Linux and Windows the name is one that leaves
 * nothing behind (an abstract socket, a pipe); beside it, a socket in the folder itself is seen also by processes
 * that do not share such names, as containers do not. A dead one is replaced; only where it is the sole lock
 * could two starters within the same millisecond both replace it. Does not promise: anything across machines.
 */
export async function lockDataDir(folder: string): Promise<AsyncDisposable> {
  const servers: Server[] = [];
  const release = async (): Promise<void> => {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
  };
  for (const acquire of [acquireName, acquireSocket]) {
    const server = await acquire(folder);
    if (server === 'taken') {
      await release();
      throw inUseError(folder);
    }
    if (server !== null) servers.push(server);
  }
  return { [Symbol.asyncDispose]: release };
}

/** The name by which the system knows the folder; null where it has no names that vanish with their process. */
async function acquireName(folder: string): Promise<Server | 'taken' | null> {
  const { dev, ino } = statSync(folder);
  const name = `tidings-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return listen(`\0${name}`);
  return process.platform === 'win32' ? listen(`\\\\.\\pipe\\${name}`) : null;
}

/** The socket in the folder. */
async function acquireSocket(folder: string): Promise<Server | 'taken' | null> {
  if (process.platform === 'win32') return null;
  const path = socketPath(folder);
  const server = await listen(path);
  if (server !== 'taken' || (await isListening(path))) return server;
  rmSync(path, { force: true });
  return listen(path);
}

function listen(path: string): Promise<Server | 'taken'> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve('taken') : reject(error)));
    server.listen(path, () => resolve(server));
  });
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => settle(true));
    // Anything else, such as a socket of another user, may be alive.
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}

function socketPath(folder: string): string {
  // A socket's path may have some 100 bytes only; the shorter of its two names is used.
  const absolute = join(folder, 'tidings.lock');
  const relativePath = relative(process.cwd(), absolute);
  const path = relativePath.length < absolute.length ? relativePath : absolute;
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  throw new TidingsError(
    'CANNOT_START',
    `DATA_DIR: expected a path of at most ${maxPathBytes - 13} bytes, got ${folder}. Choose a shorter one, or start from a folder nearer to it.`,
  );
}

function inUseError(folder: string): TidingsError {
  return new TidingsError(
    'CANNOT_START',
    `DATA_DIR: another Tidings is using ${folder}. Stop it, set DATA_DIR to another folder, or set DATABASE_URL to share a Postgres.`,
  );
}

const maxPathBytes = 90;
