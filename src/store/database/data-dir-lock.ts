import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { TidingsError } from '../../errors.ts';

/**
 * Locks a data folder for one process. Node has no file locks, so the lock is a listening socket,
 * which the system closes with the process, however that ends.
 *
 * Guarantees: two live processes of one machine never hold the lock together.
 * Does not guarantee: anything across machines.
 * How: on Linux and Windows, a name that leaves no file behind (an abstract socket, a pipe). In
 * addition, a socket in the folder, which processes also see that do not share such names, as in
 * containers. The socket of a dead process is replaced. On other systems that socket is the only
 * lock, and two processes that start within the same millisecond could both replace it.
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

/**
 * Listens on a name derived from the folder's inode; null on systems without names that vanish with
 * their process.
 */
async function acquireName(folder: string): Promise<Server | 'taken' | null> {
  const { dev, ino } = statSync(folder);
  const name = `tidings-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return listen(`\0${name}`);
  return process.platform === 'win32' ? listen(`\\\\.\\pipe\\${name}`) : null;
}

/** Listens on the socket in the folder. */
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
    // Any other error, such as for a socket of another user, may come from a live process.
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}

function socketPath(folder: string): string {
  // A socket's path is limited to about 100 bytes, so use the shorter of the absolute and the
  // relative path.
  const absolute = join(folder, 'tidings.lock');
  const relativePath = relative(process.cwd(), absolute);
  const path = relativePath.length < absolute.length ? relativePath : absolute;
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  throw new TidingsError(
    'CANNOT_START',
    `DATA_DIR: expected a path of at most ${maxPathBytes - 13} bytes, got ${folder}. Choose a shorter one, or start in a folder closer to it.`,
  );
}

function inUseError(folder: string): TidingsError {
  return new TidingsError(
    'CANNOT_START',
    `DATA_DIR: another Tidings is using ${folder}. Stop it, set DATA_DIR to another folder, or set DATABASE_URL to share a Postgres.`,
  );
}

const maxPathBytes = 90;
