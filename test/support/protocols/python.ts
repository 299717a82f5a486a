import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, type TestContext } from 'vitest';

/** A Python environment with a package, for the tests of one file. */
export interface Python {
  readonly isAvailable: () => boolean;
  /** Skips a test if Python is missing; with TIDINGS_TEST_PYTHON=required, fails it. */
  requirePython(context: TestContext): void;
  /** The path of a program in it, such as python3. */
  program(name: string): string;
}

/**
 * Creates an environment before the tests of a file, prints its versions, and removes it after the
 * tests. `requirement` is NAME==VERSION, as for pip. uv installs Prefect in 4 seconds, pip in 40.
 * pip is the fallback, because uv does not read its configuration, such as another index.
 */
export function pythonWith(requirement: string): Python {
  let folder = '';
  let missing: string | null = null;
  const program = (name: string): string => join(folder, 'bin', name);
  const execute = (command: string, args: readonly string[]): string =>
    execFileSync(command, args, { stdio: 'pipe', timeout: 240_000, encoding: 'utf8' });
  const run = (what: string, action: () => string): string => {
    try {
      return missing === null ? action() : '';
    } catch (error) {
      missing = `${what} is missing: ${(error as Error).message}`;
      return '';
    }
  };
  const pip = (...args: readonly string[]): string =>
    execute(program('python3'), ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...args]);
  const install = (): string => {
    try {
      pip('uv==0.13.9');
      return execute(program('uv'), ['pip', 'install', '-q', '--python', program('python3'), requirement]);
    } catch {
      return pip(requirement);
    }
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidings-python-'));
    run('Python 3 with venv', () => execute('python3', ['-m', 'venv', folder]));
    run('PyPI', install);
    const [name = requirement] = requirement.split(/[[=]/);
    const versions = run(name, () => execute(program('python3'), ['-c', printVersions, name]));
    if (missing === null) console.log(`tests with ${versions.trim()}`);
  }, 400_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    program,
    isAvailable: () => missing === null,
    requirePython(context) {
      if (missing !== null && process.env['TIDINGS_TEST_PYTHON'] !== 'required') context.skip(missing);
      expect(missing).toBeNull();
    },
  };
}

const printVersions = `
import sys
from importlib.metadata import version
print(f"Python {sys.version.split()[0]}, {sys.argv[1]} {version(sys.argv[1])}")
`;
