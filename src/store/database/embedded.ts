import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { retry } from '../../concurrency/retry.ts';
import { TidingsError } from '../../errors.ts';
import { databaseFolder, makeFilesPrivate, openDataDir } from './data-dir.ts';
import { lockDataDir } from './data-dir-lock.ts';

/**
 * The embedded database: PGlite in a worker thread. It serves a single connection, through a socket
 * in a folder that only the user of this process may enter.
 *
 * Guarantees: committed data survives the end of the process, however it ends. When the database
 * crashes, as on a full disk, the socket closes at once, so that statements fail as UNAVAILABLE.
 * The database is opened again, with its crash recovery, as soon as that succeeds. The crash and the
 * recovery are logged once each.
 * Does not guarantee: the last writes after a power failure, since PGlite does not flush them to
 * the disk. Reads while the disk is too full for the crash recovery.
 */
export interface Embedded extends AsyncDisposable {
  /** The path of the socket, which speaks the protocol of Postgres. */
  readonly path: string;
  /** Resolves at once, or while the database restarts, when it accepts connections or has failed to. */
  ready(): Promise<void>;
  /**
   * Ends the running statement, and its connection, by ending the thread: a statement of PGlite
   * cannot be interrupted. The next thread recovers the data like Postgres after a crash, in a few
   * seconds.
   */
  restart(): void;
  /** Differs between a data folder and its copies, such as a restored backup. */
  readonly identity: string;
}

export async function startEmbedded(dataDir: string, logger: Pick<Logger, 'warn' | 'error'>): Promise<Embedded> {
  const folder = resolve(dataDir);
  openDataDir(folder, logger);
  const lock = await lockDataDir(folder);
  const socketDir = mkdtempSync(join(tmpdir(), 'tidings-'));
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${socketDir.replaceAll(/\W/g, '-')}` : join(socketDir, 's');
  const release = async (): Promise<void> => {
    rmSync(socketDir, { recursive: true, force: true });
    await lock[Symbol.asyncDispose]();
  };
  try {
    const database = await superviseWorker(() => startWorker(databaseFolder(folder), path), { folder, logger });
    makeFilesPrivate(folder);
    const { ino, birthtimeMs } = statSync(join(databaseFolder(folder), 'PG_VERSION'));
    return {
      path,
      identity: `${ino}/${birthtimeMs}`,
      ready: database.ready,
      restart: database.restart,
      async [Symbol.asyncDispose]() {
        await database[Symbol.asyncDispose]();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw cannotOpen(folder, error);
  }
}

/** A database that runs in a worker thread. */
interface RunningWorker {
  readonly worker: Worker;
  /** Resolves with the reason when the thread ends. */
  readonly ended: Promise<string>;
}

async function startWorker(folder: string, path: string): Promise<RunningWorker> {
  rmSync(path, { force: true }); // a crashed thread leaves its socket
  const module = await compiledModule();
  const worker = new Worker(new URL('./embedded-worker.js', import.meta.url), { workerData: { folder, path, module } });
  const ended = new Promise<string>((resolveReason) => {
    worker.on('message', (message: 'ready' | { readonly crash: string }) => {
      if (message !== 'ready') resolveReason(message.crash);
    });
    worker.once('error', (error) => resolveReason(error.message));
    worker.once('exit', (code) => resolveReason(`its thread ended with code ${code}`));
  });
  const ready = new Promise((resolveReady) => worker.once('message', resolveReady));
  const failed = ended.then((reason) => {
    throw new Error(reason);
  });
  await Promise.race([ready, failed]);
  failed.catch(() => undefined); // from now on the supervisor handles the end
  return { worker, ended };
}

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * The program of PGlite, compiled once in a process. A thread that compiles it for itself takes
 * three times the processor time to start, since the engine forgets optimized code with the thread.
 */
function compiledModule(): Promise<WebAssembly.Module> {
  compiled ??= readFile(join(dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite')), 'pglite.wasm')).then((bytes) =>
    WebAssembly.compile(bytes),
  );
  return compiled;
}

interface SupervisedWorker extends AsyncDisposable, Pick<Embedded, 'ready' | 'restart'> {}

/** Starts a worker, and another one whenever it ends, until disposed. */
async function superviseWorker(
  start: () => Promise<RunningWorker>,
  { folder, logger }: { readonly folder: string; readonly logger: Pick<Logger, 'warn' | 'error'> },
): Promise<SupervisedWorker> {
  const stopping = new AbortController();
  let current: RunningWorker | null = await start();
  let restart: { readonly ended: Promise<void>; readonly end: () => void } | null = null;
  const startAgain = (): Promise<RunningWorker> =>
    start().finally(() => {
      restart?.end();
      restart = null;
    });
  const supervise = async (): Promise<void> => {
    while (current !== null) {
      const reason = await current.ended;
      if (stopping.signal.aborted) return;
      current = null;
      if (restart !== null) logger.warn(`the embedded database in ${folder} restarts, to end a read that exceeded the statement timeout.`);
      else
        logger.error(
          `the embedded database in ${folder} crashed (${reason}). Requests are UNAVAILABLE until it can be opened again, which is tried every ${backoff.maxDelayMs / 1000} seconds.`,
        );
      const restarted = await retry(startAgain, { backoff, signal: stopping.signal });
      if (restarted === 'CANCELLED') return;
      current = restarted;
      if (stopping.signal.aborted) return;
      logger.warn(`the embedded database in ${folder} is open again.`);
    }
  };
  const supervising = supervise();
  return {
    ready: () => restart?.ended ?? Promise.resolve(),
    restart() {
      if (current === null || restart !== null) return;
      let end = noop;
      const ended = new Promise<void>((resolveEnded) => (end = resolveEnded));
      restart = { ended, end };
      void current.worker.terminate(); // its end starts another one: two threads must never open the same data
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      if (current === null) await supervising; // an attempt to open may be under way
      if (current !== null) await stopWorker(current);
      await supervising;
    },
  };
}

async function stopWorker({ worker, ended }: RunningWorker): Promise<void> {
  worker.postMessage('stop');
  await ended;
}

function cannotOpen(folder: string, error: unknown): TidingsError {
  const { bavail, bsize } = statfsSync(folder);
  const reason = error instanceof Error ? error.message : String(error);
  const advice =
    bavail * bsize < minFreeBytes
      ? 'Its disk is full: free some space.'
      : 'If it is damaged, restore it from a backup, or set DATA_DIR to a new folder.';
  return new TidingsError('CANNOT_START', `DATA_DIR: the embedded database in ${folder} cannot be opened (${reason}). ${advice}`, {
    cause: error,
  });
}

/** A full disk may have space at any time; an attempt takes half a second. */
const backoff = { initialDelayMs: 500, maxDelayMs: 5000 } as const;
/** Postgres creates log files of 16 MiB each; opening a database may need one. */
const minFreeBytes = 32 * 1024 * 1024;
const noop = (): void => undefined;
