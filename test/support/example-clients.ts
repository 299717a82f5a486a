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
  /** What it wrote to standard error so far. */
  readonly complaints: () => string;
  readonly hasEnded: () => boolean;
}

export interface ClientOptions {
  /** The server's port on loopback. */
  readonly port: number;
  /** Events after this cursor are printed. */
  readonly cursor: string;
  /** The file with the key. */
  readonly keyFile?: string;
  /** A GraphQL argument that is added to the subscription. */
  readonly argument?: string;
}

export type StartClient = (options: ClientOptions) => ExampleClient;

/** The clients for JavaScript that resume. */
export const javascriptClients: readonly StartClient[] = ['graphql-ws', 'apollo', 'urql', 'sse'].map((name) => (options) => {
  const folder = copyClients((code) => adapted(code, options));
  return clientOf(name, spawnClient(process.execPath, [join(folder, `${name}.mjs`), options.cursor], options), folder);
});

/** The loop of the client package. Its checkpoint is in its folder. */
export const packageClient: StartClient = (options) => {
  const folder = copyClients((code) => adapted(code, options));
  return clientOf('listen', spawnClient(process.execPath, [join(folder, 'listen.mjs'), options.cursor], { cwd: folder }), folder);
};

/** The client for Python, with this interpreter. */
export const pythonClient =
  (python: string): StartClient =>
  (options) => {
    const code = adapted(textOf('examples/clients/events.py'), options);
    return clientOf('events.py', spawnClient(python, ['-c', code, options.cursor], options), null);
  };

/**
 * Runs a module beside copies of the clients that use another address. Returns the lines that it
 * printed.
 */
export async function runWithClients(code: string, address: string): Promise<string[]> {
  const folder = copyClients((text) => text.replaceAll(exampleAddress, address));
  writeFileSync(join(folder, 'main.mjs'), code);
  const child = spawnClient(process.execPath, [join(folder, 'main.mjs')]);
  await using client = clientOf('main.mjs', child, folder);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (exitCode !== 0) throw new Error(`main.mjs exited with ${exitCode}: ${client.complaints()}`);
  return client.printed();
}

function adapted(code: string, { port, argument = '' }: ClientOptions): string {
  return code.replaceAll(exampleAddress, `127.0.0.1:${port}`).replaceAll('events(after: $after', `$& ${argument}`);
}

/** Copies the modules to a folder from which Node finds their imports, and which tools ignore. */
function copyClients(adapt: (code: string) => string): string {
  const parent = join(packageRoot, 'node_modules', '.examples');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'client-'));
  for (const path of filesIn('examples/clients').filter((each) => each.endsWith('.mjs')))
    writeFileSync(join(folder, basename(path)), adapt(textOf(path)).replaceAll('../../dist/', `${packageRoot}/dist/`));
  return folder;
}

function spawnClient(
  command: string,
  args: readonly string[],
  { keyFile, cwd }: Pick<ClientOptions, 'keyFile'> & { readonly cwd?: string } = {},
): ChildProcess {
  const env = { ...process.env, ...(keyFile !== undefined && { TIDINGS_KEY_FILE: keyFile }) };
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd });
}

function clientOf(name: string, child: ChildProcess, folder: string | null): ExampleClient {
  let output = '';
  let complaints = '';
  let hasEnded = false;
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const ended = once(child, 'close').then(() => (hasEnded = true));
  return {
    name,
    printed: () => output.split('\n').slice(0, -1),
    complaints: () => complaints,
    hasEnded: () => hasEnded,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    },
  };
}
