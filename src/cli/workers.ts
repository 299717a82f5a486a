import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveClusterMetrics } from '../cluster-metrics.ts';

/** The address of the workers. */
export interface ListenAddress {
  readonly port: number;
}

/**
 * Runs a server in several processes that share its port and the log (`node:cluster`). This process
 * distributes connections, replaces workers that exit unexpectedly, and passes on signals.
 *
 * Resolves when all workers have exited, with 0; with the code of the first worker if that one
 * exits before it listens.
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
  // The worker exited, and has printed its error.
  if (typeof address !== 'object' || address === null) return typeof address === 'number' ? address : 1;
  const workers = [first, ...Array.from({ length: count - 1 }, () => cluster.fork())];
  onReady(address);
  await Promise.all(workers.map((worker) => superviseWorker(worker, () => stopping)));
  return 0;
}

/** Replaces a worker whenever it exits, until the shutdown. */
async function superviseWorker(worker: Worker, isStopping: () => boolean): Promise<void> {
  for (let current = worker, delayMs = minRestartDelayMs; ;) {
    const startedAt = performance.now();
    const [code, signal] = (await once(current, 'exit')) as [number | null, string | null];
    if (isStopping()) return;
    process.stderr.write(`a worker exited (${signal ?? `code ${code}`}); restarting it\n`);
    delayMs = performance.now() - startedAt > maxRestartDelayMs ? minRestartDelayMs : Math.min(delayMs * 2, maxRestartDelayMs);
    await sleep(delayMs);
    if (isStopping()) return;
    current = cluster.fork();
  }
}

const minRestartDelayMs = 250;
/** Maximum delay between restarts of a worker that exits at once. */
const maxRestartDelayMs = 10_000;
