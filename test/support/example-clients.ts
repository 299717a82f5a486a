import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../../src/package-info.ts';
import { exampleAddress, filesIn, textOf } from './examples.ts';

/**
 * A client of examples/clients in its own process. It prints the name of each event that it
 * receives.
 */
export interface ExampleClient extends AsyncDisposable {
  readonly name: string;
  /** The lines printed so far. */
  readonly printed: () => string[];
}

/** The clients for JavaScript that resume. */
export const javascriptClients = ['graphql-ws', 'apollo', 'urql', 'sse'] as const;

/**
 * Starts a client for JavaScript that connects to a port of loopback and resumes after a cursor.
 */
export function startJavaScriptClient(name: string, port: number, cursor: string): ExampleClient {
  const folder = copyClients(`127.0.0.1:${port}`);
  return clientOf(name, spawnClient(process.execPath, [join(folder, `${name}.mjs`), cursor]), folder);
}

/**
 * Runs a module beside copies of the clients that use another address. Returns the lines that it
 * printed.
 */
export async function runWithClients(code: string, address: string): Promise<string[]> {
  const folder = copyClients(address);
  writeFileSync(join(folder, 'main.mjs'), code);
  const child = spawnClient(process.execPath, [join(folder, 'main.mjs')]);
  await using client = clientOf('main.mjs', child, folder);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (exitCode !== 0) throw new Error(`main.mjs exited with ${exitCode}`);
  return client.printed();
}

/** Starts the client for Python with this interpreter. */
export function startPythonClient(python: string, port: number, cursor: string): ExampleClient {
  const code = textOf('examples/clients/events.py').replaceAll(exampleAddress, `127.0.0.1:${port}`);
  return clientOf('events.py', spawnClient(python, ['-c', code, cursor]), null);
}

/** Copies the modules to a folder from which Node finds their imports, and which tools ignore. */
function copyClients(address: string): string {
  const parent = join(packageRoot, 'node_modules', '.examples');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'client-'));
  for (const path of filesIn('examples/clients').filter((each) => each.endsWith('.mjs')))
    writeFileSync(join(folder, basename(path)), textOf(path).replaceAll(exampleAddress, address));
  return folder;
}

function spawnClient(command: string, args: readonly string[]): ChildProcess {
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

function clientOf(name: string, child: ChildProcess, folder: string | null): ExampleClient {
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
