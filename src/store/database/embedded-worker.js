// @ts-check
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

// The thread of the embedded database, started by embedded.ts: says 'ready', and stops at any message. In JavaScript, since a
// thread does not inherit what lets development and the tests run TypeScript, and loading that takes as long as the database.
/** @type {{ readonly folder: string, readonly path: string }} */
const { folder, path } = workerData;
const db = await PGlite.create(folder);
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
