import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { packageRoot } from '../../../src/package-root.ts';
import { startPostgres } from '../../support/postgres-server.ts';

/** What the benches compare: this server as built, and its rivals, each in a process of its own. */
export type Contender = 'Tidings' | 'Yoga recipe' | 'ws' | 'corked ws';

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** Bytes after garbage was collected; only of a server that was started with `measured`. */
  memory(): Promise<Memory>;
  /** Writes a heap snapshot; only of a server that was started with `measured`. */
  snapshot(path: string): Promise<void>;
}

export type Memory = NodeJS.MemoryUsage;

export interface Databases extends AsyncDisposable {
  readonly version: string;
  /** The settings that give a server a new database of its own. */
  fresh(): Promise<Readonly<Record<string, string>>>;
}

/** A throw-away Postgres, or folders of embedded databases. */
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
  /** Where Tidings keeps its events, and further settings. */
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
  readonly measured?: boolean;
}

/** Starts a contender on a free port of loopback. Tidings is what is in dist: build first. */
export async function startServer(contender: Contender, { environment, nodeFlags = [], measured = false }: ServerPlan): Promise<Server> {
  const measuring = measured ? ['--expose-gc', '--import', join(import.meta.dirname, 'measured.mjs')] : [];
  const child = spawn(process.execPath, [...nodeFlags, ...measuring, ...programs[contender]], {
    cwd: packageRoot,
    env: { PATH: process.env['PATH'], PORT: '0', NODE_NO_WARNINGS: '1', ...environment }, // the recipe warns of its many listeners
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const [line] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => [''])])) as [Buffer | string];
  const url = /http:\/\/[^/\s]+/.exec(line.toString())?.[0];
  if (url === undefined) throw new Error(`${contender} did not start`);
  return {
    url,
    memory: async () => (await asked(child, { ask: 'memory' })) as Memory,
    snapshot: async (path) => void (await asked(child, { ask: 'snapshot', path })),
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}

async function asked(child: ChildProcess, question: object): Promise<unknown> {
  child.send(question);
  const [answer] = (await once(child, 'message')) as [unknown];
  return answer;
}

const tsx = ['--import', 'tsx'];
const programs: Readonly<Record<Contender, readonly string[]>> = {
  Tidings: [join(packageRoot, 'dist', 'src', 'cli.js'), 'serve'],
  'Yoga recipe': [...tsx, join(import.meta.dirname, '..', 'rival-yoga.ts')],
  ws: [...tsx, join(import.meta.dirname, '..', 'rival-ws.ts')],
  'corked ws': [...tsx, join(import.meta.dirname, '..', 'rival-ws.ts'), 'corked'],
};
