import { createHash, randomUUID } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { TidingsError } from '../errors.ts';

/**
 * Lets one process at a time use a data folder. Node has no file locks, so the lock is a socket in the folder: it is
 * held while somebody answers on it, and the system ends that with the process, however that ends.
 *
 * Promises: two live processes never hold it together, also when both find what a killed one left. Does not promise:
 * anything across machines that share the folder over a network.
 */
export async function lockDataDir(folder: string): Promise<AsyncDisposable> {
  const path = lockPath(folder);
  for (let tries = 0; tries < mostTries; tries += 1) {
    const server = await listen(path);
    if (server !== null) {
      return {
        async [Symbol.asyncDispose]() {
          await new Promise((resolve) => server.close(resolve)); // removes the socket too
        },
      };
    }
    if (await answers(path)) break;
    await removeDead(path);
  }
  throw new TidingsError(
    'CANNOT_START',
    `DATA_DIR: another Tidings is using ${folder}. Stop it, set DATA_DIR to another folder, or set DATABASE_URL to share a Postgres.`,
  );
}

/**
 * Takes a dead socket away. Another starter may have replaced it by a live one in between, so it is renamed first and
 * asked again under its new name: a live one is put back.
 */
async function removeDead(path: string): Promise<void> {
  const aside = `${path}.${randomUUID().slice(0, 8)}`;
  try {
    renameSync(path, aside);
  } catch {
    return; // somebody else took it away
  }
  if (await answers(aside)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.listen(path, () => resolve(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (alive: boolean) => () => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', settle(true));
    socket.once('error', settle(false));
  });
}

function lockPath(folder: string): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\tidings-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`;
  // A socket's path may have some 100 bytes only; the shorter of its two names is used.
  const absolute = join(folder, 'tidings.lock');
  const fromHere = relative(process.cwd(), absolute);
  const path = fromHere.length < absolute.length ? fromHere : absolute;
  if (Buffer.byteLength(path) <= longestPath) return path;
  throw new TidingsError(
    'CANNOT_START',
    `DATA_DIR: expected a path of at most ${longestPath - 13} bytes, got ${folder}. Choose a shorter one, or start from a folder nearer to it.`,
  );
}

const longestPath = 90;
const mostTries = 5;
