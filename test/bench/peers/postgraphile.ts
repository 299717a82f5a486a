import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';
import { installed, npmInstall } from './installing.ts';

/** A server in its own process. */
export interface PostGraphile extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

const name = 'postgraphile-5.1.5';
const packages = ['postgraphile@5.1.5', 'postgraphile-plugin-connection-filter@4.0.1', 'graphql@16', 'graphql-ws@6', 'ws@8'];
/** PostGraphile needs a newer Node than Tidings. npm has its binaries. */
const ownNode = Number(process.versions.node.split('.')[0]) >= 22;
const nodePackage = `node-${process.platform}-${process.arch}`;

/** The folder of PostGraphile; null where it cannot be installed. */
export function installPostGraphile(): Promise<string | null> {
  return installed(name, (folder) => npmInstall(folder, ownNode ? packages : [...packages, `${nodePackage}@22`]));
}

/** Starts PostGraphile as its documentation says for production, over the plain table. */
export async function startPostGraphile(folder: string, databaseUrl: string): Promise<PostGraphile> {
  const config = join(folder, 'graphile.config.mjs');
  copyFileSync(join(import.meta.dirname, 'postgraphile.config.mjs'), config);
  const node = ownNode ? process.execPath : join(folder, 'node_modules', nodePackage, 'bin', 'node');
  const port = await freePort();
  const child = spawn(node, [join(folder, 'node_modules', 'postgraphile', 'dist', 'cli-run.js'), '-C', config], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', GRAPHILE_ENV: 'production', DATABASE_URL: databaseUrl, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => [''])])) as [Buffer | string];
  if (!line.toString().includes('listening')) throw new Error('PostGraphile did not start');
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}
