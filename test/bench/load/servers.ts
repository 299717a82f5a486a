import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { packageRoot } from '../../../src/package-info.ts';
import { startPostgres } from '../../support/database/postgres-server.ts';

/** The compared servers: this one as built, and its rivals, each in its own process. */
export type Contender = 'Tidings' | 'Yoga recipe' | 'ws' | 'corked ws';

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** The server's processor time in milliseconds; NaN on systems without /proc. */
  cpuMs(): number;
  /** Memory after garbage collection. Needs a server started with `measured`. */
  memory(): Promise<Memory>;
  /** Writes a heap snapshot. Needs a server started with `measured`. */
  snapshot(path: string): Promise<void>;
  /** Starts to sample allocations. Needs a server started with `measured`. */
  beginSites(): Promise<void>;
  /** The sampled allocations that are still retained, as a tree of calls. */
  sites(): Promise<Site>;
  /** Sends a message to a program that is preloaded into it, and returns the answer. */
  request(this: void, message: unknown): Promise<unknown>;
}

export type Memory = NodeJS.MemoryUsage;

/** A call of a sampling heap profile: V8's SamplingHeapProfileNode. */
export interface Site {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly Site[];
}

export interface Databases extends AsyncDisposable {
  readonly version: string;
  /** Creates a database, and returns the settings of a server on it. */
  fresh(): Promise<Readonly<Record<string, string>>>;
}

/** Starts a temporary Postgres, or makes folders for embedded databases. */
export async function startDatabases(kind: 'postgres' | 'embedded'): Promise<Databases> {
  let made = 0;
  if (kind === 'embedded') {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
    return {
      version: 'embedded database',
      fresh: async () => ({ DATA_DIR: join(folder, String(made++)) }),
      [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
    };
  }
  const server = await startPostgres();
  return {
    version: server.version,
    async fresh() {
      const name = `bench_${made++}`;
      const admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined });
      await admin.unsafe(`create database ${name}`);
      await admin.end();
      return { DATABASE_URL: server.url(name) };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export interface ServerPlan {
  /** Settings of Tidings, such as its database. */
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
  readonly measured?: boolean;
}

/** Starts a contender on a free port of loopback. Tidings runs from dist, which must be built. */
export async function startServer(contender: Contender, { environment, nodeFlags = [], measured = false }: ServerPlan): Promise<Server> {
  const measuring = measured ? ['--expose-gc', '--import', join(import.meta.dirname, 'measured.mjs')] : [];
  const child = spawn(process.execPath, [...nodeFlags, ...measuring, ...programs[contender]], {
    cwd: packageRoot,
    env: { PATH: process.env['PATH'], PORT: '0', NODE_NO_WARNINGS: '1', ...environment }, // the recipe causes a warning about many listeners
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const [line] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => [''])])) as [Buffer | string];
  const url = /http:\/\/[^/\s]+/.exec(line.toString())?.[0];
  if (url === undefined) throw new Error(`${contender} did not start`);
  return {
    url,
    cpuMs: () => cpuMs(child),
    memory: async () => (await request(child, { request: 'memory' })) as Memory,
    snapshot: async (path) => void (await request(child, { request: 'snapshot', path })),
    beginSites: async () => void (await request(child, { request: 'beginSites' })),
    sites: async () => (await request(child, { request: 'sites' })) as Site,
    request: (message) => request(child, message),
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}

async function request(child: ChildProcess, message: unknown): Promise<unknown> {
  child.send(message as object);
  const [response] = (await once(child, 'message')) as [unknown];
  return response;
}

/** utime and stime of proc(5), in hundredths of a second. */
function cpuMs({ pid }: ChildProcess): number {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return Number.NaN;
  const fields = readFileSync(path, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const tsx = ['--import', 'tsx'];
const programs: Readonly<Record<Contender, readonly string[]>> = {
  Tidings: [join(packageRoot, 'dist', 'src', 'cli.js'), 'serve'],
  'Yoga recipe': [...tsx, join(import.meta.dirname, '..', 'rivals', 'yoga.ts')],
  ws: [...tsx, join(import.meta.dirname, '..', 'rivals', 'ws.ts')],
  'corked ws': [...tsx, join(import.meta.dirname, '..', 'rivals', 'ws.ts'), 'corked'],
};
