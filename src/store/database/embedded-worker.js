// @ts-check
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

// The thread of the embedded database, started by embedded.ts. Posts 'ready', and stops at any
// message. JavaScript, since a thread does not inherit the TypeScript loader of development and
// tests, which takes as long to load as the database.
/** @type {{ readonly folder: string, readonly path: string, readonly module: WebAssembly.Module }} */
const { folder, path, module } = workerData;
const db = await PGlite.create(folder, { pgliteWasmModule: module });
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
