import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-info.ts';
import { block } from './readme.ts';

/** One of the README's clients, in a process of its own. It prints the name of each event that it gets. */
export interface ReadmeClient extends AsyncDisposable {
  readonly name: string;
  readonly printed: () => string[];
}

/** The README's clients for JavaScript, by a text that only their code has. */
export const javascriptClients = ['// graphql-ws', '@apollo/client/link/subscriptions', '@urql/core', 'graphql-sse'] as const;

/** Starts one of them, pointed at a port of loopback, from a cursor. */
export async function startJavaScriptClient(name: string, port: number, cursor: string): Promise<ReadmeClient> {
  // Where its imports are found, and where nobody looks at what a test that was killed left behind.
  const parent = join(packageRoot, 'node_modules', '.readme');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'client-'));
  const write = (file: string, code: string): void => writeFileSync(join(folder, file), withPort(code, port));
  write('resuming.mjs', block('js', '// resuming.mjs'));
  write('client.mjs', block('js', '// client.mjs'));
  write('main.mjs', block('js', name === 'graphql-sse' ? "from 'graphql-sse'" : name));
  return clientOf(name, spawn(process.execPath, [join(folder, 'main.mjs'), cursor], { stdio: ['ignore', 'pipe', 'inherit'] }), folder);
}

/** Starts the README's client for Python with this interpreter. */
export async function startPythonClient(python: string, port: number, cursor: string): Promise<ReadmeClient> {
  const code = withPort(block('python', 'session.subscribe'), port);
  return clientOf('gql', spawn(python, ['-c', code, cursor], { stdio: ['ignore', 'pipe', 'inherit'] }), null);
}

function withPort(code: string, port: number): string {
  return code.replaceAll('127.0.0.1:4000', `127.0.0.1:${port}`);
}

function clientOf(name: string, child: ChildProcess, folder: string | null): ReadmeClient {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit');
  return {
    name,
    printed: () => output.split('\n').slice(0, -1),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    },
  };
}
