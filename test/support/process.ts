import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-info.ts';

/** A server in its own process. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
}

export interface ExitResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

/** Starts `tidings serve` on a free port, and waits until it is ready. The caller must end it. */
export async function startProcess(environment: Environment, nodeOptions: readonly string[] = []): Promise<ServerProcess> {
  const child = spawnServer({ PORT: '0', ...environment }, { nodeOptions });
  child.stderr?.pipe(process.stderr);
  const [line] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => [''])])) as [Buffer | string];
  const url = /http:\/\/[^/]+/.exec(line.toString())?.[0];
  if (url === undefined) throw new Error('the server did not start');
  return { url, child };
}

/** Runs `tidings serve` until it exits. */
export async function runToEnd(environment: Environment, uid?: number): Promise<ExitResult> {
  const child = spawnServer({ PORT: '0', ...environment }, { uid });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 45_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(tooLong);
  return { code, ...output };
}

interface SpawnOptions {
  readonly uid?: number | undefined;
  readonly nodeOptions?: readonly string[];
}

function spawnServer(environment: Environment, { uid, nodeOptions = [] }: SpawnOptions): ChildProcess {
  return spawn(process.execPath, [...nodeOptions, join(packageRoot, 'dist', 'src', 'cli.js'), 'serve'], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
}
