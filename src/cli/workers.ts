import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { serveClusterMetrics } from '../cluster-metrics.ts';

/** Where the workers listen. */
export interface ListenAddress {
  readonly port: number;
}

/**
 * Runs a server in several processes that share its port and the log, as Node's cluster does: this process hands out
 * connections and sees to it that there are so many workers. One that ends unexpectedly is replaced; the first one must
 * come up. A stop is passed on to all of them, which stop by themselves. Resolves with the exit code when all have ended.
 */
export async function runWorkers(count: number, onReady: (address: ListenAddress) => void): Promise<number> {
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  serveClusterMetrics(cluster);

  const first = cluster.fork();
  const firstResult = await Promise.race([once(first, 'listening'), once(first, 'exit')]);
  const [address] = firstResult as [ListenAddress | number];
  // It has said what is wrong.
  if (typeof address !== 'object' || address === null) return typeof address === 'number' ? address : 1;
  const workers = [first, ...Array.from({ length: count - 1 }, () => cluster.fork())];
  onReady(address);
  await Promise.all(workers.map((worker) => superviseWorker(worker, () => stopping)));
  return 0;
}

/** Replaces a worker whenever it ends, until all are to end. */
async function superviseWorker(worker: Worker, isStopping: () => boolean): Promise<void> {
  for (let current = worker, delayMs = minRestartDelayMs; ;) {
    const startedAt = performance.now();
    const [code, signal] = (await once(current, 'exit')) as [number | null, string | null];
    if (isStopping()) return;
    process.stderr.write(`a worker ended (${signal ?? `exit code ${code}`}); another one is started\n`);
    delayMs = performance.now() - startedAt > maxRestartDelayMs ? minRestartDelayMs : Math.min(delayMs * 2, maxRestartDelayMs);
    await pause(delayMs);
    if (isStopping()) return;
    current = cluster.fork();
  }
}

const minRestartDelayMs = 250;
/** Between the attempts to start one that ends at once. */
const maxRestartDelayMs = 10_000;
