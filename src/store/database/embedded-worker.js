// @ts-check
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

// The thread of the embedded database, started by embedded.ts. Posts 'ready'; stops at any message.
// Posts the reason as { crash } and ends when the database crashes. JavaScript, since a thread does
// not inherit the TypeScript loader of development and tests, which takes as long to load as the
// database.
/** @type {{ readonly folder: string, readonly path: string, readonly module: WebAssembly.Module }} */
const { folder, path, module } = workerData;
const db = await PGlite.create(folder, { pgliteWasmModule: module });
exitOnCrash();
const server = new PGLiteSocketServer({ db, path, maxConnections: 1 });
await server.start();

parentPort?.once('message', () => {
  void stop();
});
parentPort?.postMessage('ready');

async function stop() {
  await server.stop();
  await db.close();
  process.exit(0); // ends this thread only
}

/**
 * Ends this thread when Postgres aborts, as it does when it cannot write its log (PANIC), or traps.
 * PGlite catches everything that its main loop throws, and calls that again for ever: no statement
 * would be answered any more, and nothing else would run in this thread.
 */
function exitOnCrash() {
  const { mod, POSTGRES_MAIN_LONGJMP: statementFailed } = internalsOf(db);
  let lastResponse = /** @type {Uint8Array} */ (new Uint8Array());
  const execute = db.execProtocolRawStream.bind(db);
  db.execProtocolRawStream = (message, { onRawData, ...options }) =>
    execute(message, { ...options, onRawData: (data) => onRawData((lastResponse = data)) });
  const runMainLoop = mod._PostgresMainLoopOnce.bind(mod);
  mod._PostgresMainLoopOnce = () => {
    try {
      runMainLoop();
    } catch (error) {
      if (error instanceof Object && 'status' in error && error.status === statementFailed) throw error;
      parentPort?.postMessage({ crash: errorMessage(lastResponse) ?? String(error) });
      process.exit(1); // ends this thread only
    }
  };
}

/**
 * What PGlite does not declare: the functions of Postgres, and the status by which it represents the
 * jump after the error of a statement.
 * @typedef {{ readonly mod: { _PostgresMainLoopOnce(): void }, readonly POSTGRES_MAIN_LONGJMP: number }} Internals
 * @param {unknown} database
 */
function internalsOf(database) {
  const internals = /** @type {Partial<Internals>} */ (database);
  if (typeof internals.mod?._PostgresMainLoopOnce !== 'function' || typeof internals.POSTGRES_MAIN_LONGJMP !== 'number') {
    throw new Error('this version of PGlite has another main loop');
  }
  return /** @type {Internals} */ (internals);
}

/**
 * The message (field M) of an error response of the protocol; null: it is another response.
 * @param {Uint8Array} response
 */
function errorMessage(response) {
  if (response[0] !== 'E'.charCodeAt(0)) return null;
  const fields = Buffer.from(response.subarray(5)).toString().split('\0');
  return fields.find((field) => field.startsWith('M'))?.slice(1) ?? null;
}
