import { once } from 'node:events';
import { sleep } from '../../src/concurrency/sleep.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';

/** A database server that the run can kill and restart. */
export interface KillableDatabase {
  /** kill -9. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** Server processes on one database that are stopped, killed, frozen and replaced. */
export interface Fleet extends AsyncDisposable {
  readonly size: number;
  /** The address of a server by its index, also after it ended. */
  url(server: number): string;
  /** Ends a server with a signal, and starts its replacement after `downMs`. */
  replace(server: number, signal: 'SIGKILL' | 'SIGTERM', downMs: number): Promise<void>;
  /** Stops a server's execution for a while; its sockets stay open. */
  freeze(server: number, ms: number): Promise<void>;
  /** The database, if the run can kill it too. */
  readonly database: KillableDatabase | null;
}

export interface FleetParts {
  readonly environment: Readonly<Record<string, string>>;
  readonly servers: number;
  readonly database: KillableDatabase | null;
}

export async function startFleet({ environment, servers: size, database }: FleetParts): Promise<Fleet> {
  const servers: ServerProcess[] = [];
  const end = async ({ child }: ServerProcess, signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  const endAll = async (): Promise<void> => void (await Promise.all(servers.map((server) => end(server, 'SIGKILL'))));
  try {
    for (let index = 0; index < size; index += 1) servers.push(await startProcess(environment));
  } catch (error) {
    await endAll();
    throw error;
  }
  return {
    size,
    database,
    url: (server) => servers[server]!.url,
    async replace(server, signal, downMs) {
      await end(servers[server]!, signal);
      await sleep(downMs);
      servers[server] = await startProcess(environment);
    },
    async freeze(server, ms) {
      const { child } = servers[server]!;
      child.kill('SIGSTOP');
      await sleep(ms);
      child.kill('SIGCONT');
    },
    [Symbol.asyncDispose]: endAll,
  };
}
