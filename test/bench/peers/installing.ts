import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Returns the folder of a rival, and installs it there first if it is missing. Prints one sentence
 * and returns null where it cannot be installed. The folder stays for later runs.
 */
export async function installed(rival: string, install: (folder: string) => Promise<void>): Promise<string | null> {
  const parent = join(tmpdir(), 'tidings-peers');
  const folder = join(parent, rival);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await install(unfinished);
    if (!existsSync(folder)) renameSync(unfinished, folder);
    return folder;
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    console.log(`${rival} is left out, since it cannot be installed: ${(stderr ?? message).split('\n')[0]}`);
    return null;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Installs packages of npm. */
export async function npmInstall(folder: string, packages: readonly string[]): Promise<void> {
  await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', ...packages], {
    timeout: maxInstallMs,
  });
}

const maxInstallMs = 5 * 60_000;
