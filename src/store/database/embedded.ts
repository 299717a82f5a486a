import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { TidingsError } from '../../errors.ts';
import { lockDataDir } from './data-dir-lock.ts';

/**
 * The embedded database: PGlite in a worker thread. It serves a single connection, through a socket
 * in a folder that only the user of this process may enter.
 *
 * Guarantees: committed data survives the end of the process, however it ends.
 * Does not guarantee: the last writes after a power failure, since PGlite does not flush them to
 * the disk.
 */
export interface Embedded extends AsyncDisposable {
  /** The path of the socket, which speaks the protocol of Postgres. */
  readonly path: string;
  /** Differs between a data folder and its copies, such as a restored backup. */
  readonly identity: string;
}

export async function startEmbedded(dataDir: string): Promise<Embedded> {
  const folder = resolve(dataDir);
  makeWritable(folder);
  const lock = await lockDataDir(folder);
  const socketDir = mkdtempSync(join(tmpdir(), 'tidings-'));
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${socketDir.replaceAll(/\W/g, '-')}` : join(socketDir, 's');
  try {
    const worker = await startWorker(join(folder, 'pglite'), path);
    const { ino, birthtimeMs } = statSync(join(folder, 'pglite', 'PG_VERSION'));
    return {
      path,
      identity: `${ino}/${birthtimeMs}`,
      async [Symbol.asyncDispose]() {
        await stopWorker(worker);
        rmSync(socketDir, { recursive: true, force: true });
        await lock[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    rmSync(socketDir, { recursive: true, force: true });
    await lock[Symbol.asyncDispose]();
    const reason = error instanceof Error ? error.message : String(error);
    throw new TidingsError(
      'CANNOT_START',
      `DATA_DIR: the embedded database in ${folder} cannot be opened (${reason}). If it is damaged, restore it from a backup, or set DATA_DIR to a new folder.`,
      { cause: error },
    );
  }
}

function makeWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new TidingsError(
      'CANNOT_START',
      `DATA_DIR: cannot write to ${folder} (${code}). Make it writable, or set DATA_DIR to a writable folder.`,
    );
  }
}

async function startWorker(folder: string, path: string): Promise<Worker> {
  const module = await compiledModule();
  const worker = new Worker(new URL('./embedded-worker.js', import.meta.url), { workerData: { folder, path, module } });
  await new Promise((started, failed) => {
    worker.once('message', started);
    worker.once('error', failed);
    worker.once('exit', (code) => failed(new Error(`its thread ended with code ${code}`)));
  });
  return worker;
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

async function stopWorker(worker: Worker): Promise<void> {
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('stop');
  await ended;
}
