import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

// The thread of the embedded database, started by embedded.ts: says 'ready', and stops at any message.
const { folder, path } = workerData as { readonly folder: string; readonly path: string };
const db = await PGlite.create(folder);
const server = new PGLiteSocketServer({ db, path, maxConnections: 1 });
await server.start();

parentPort?.once('message', () => {
  void stop();
});
parentPort?.postMessage('ready');

async function stop(): Promise<void> {
  await server.stop();
  await db.close();
  process.exit(0); // ends this thread only
}
