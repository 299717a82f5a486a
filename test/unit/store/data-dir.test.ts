import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFilesPrivate, openDataDir } from '../../../src/store/database/data-dir.ts';

describe.runIf(process.platform !== 'win32')('the data folder', () => {
  let parent: string;
  let umask: number;
  const warnings: unknown[] = [];
  const open = (folder: string): void => openDataDir(folder, { warn: (text: unknown) => void warnings.push(text) });
  const mode = (path: string): number => statSync(path).mode & 0o777;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'tidings-data-dir-'));
    umask = process.umask(0);
    warnings.length = 0;
  });

  afterEach(() => {
    process.umask(umask);
    rmSync(parent, { recursive: true });
  });

  test('is created for the user alone, with its parents, and so are later files', () => {
    const folder = join(parent, 'a', 'b');
    open(folder);
    writeFileSync(join(folder, 'file'), '');
    expect([mode(join(parent, 'a')), mode(folder), mode(join(folder, 'file'))]).toEqual([0o700, 0o700, 0o600]);
    expect(warnings).toEqual([]);
  });

  test('at a path that cannot be a folder is rejected in one sentence', () => {
    const file = join(parent, 'file');
    const link = join(parent, 'link');
    writeFileSync(file, '', { mode: 0o777 });
    symlinkSync(join(parent, 'missing'), link);
    const noFolder = process.platform === 'linux' ? ['/proc/tidings'] : []; // it exists, and takes no folder
    for (const path of [file, join(file, 'data'), link, join(link, 'data'), ...noFolder]) {
      expect(() => open(path), path).toThrow(/^DATA_DIR: cannot write to \S+ \((EEXIST|ENOENT|ENOTDIR)\)\. Make it writable, or set/);
    }
  });

  test.each([0o755, 0o770, 0o701, 0o1777])('with mode %o is closed, and the log says so', (open_) => {
    const database = join(parent, 'data', 'pglite');
    mkdirSync(join(database, 'base'), { recursive: true });
    writeFileSync(join(database, 'base', '1'), '');
    writeFileSync(join(parent, 'data', 'other'), '');
    chmodSync(join(parent, 'data'), open_);
    open(join(parent, 'data'));
    makeFilesPrivate(join(parent, 'data'));
    expect([join(parent, 'data'), database, join(database, 'base')].map(mode)).toEqual([0o700, 0o700, 0o700]);
    expect([mode(join(database, 'base', '1')), mode(join(parent, 'data', 'other'))]).toEqual([0o600, 0o666]);
    expect(warnings).toEqual([expect.stringContaining(`(mode ${open_.toString(8)}); it now has mode 700.`)]);
  });

  test('is closed if it is empty, or the root of a disk', () => {
    mkdirSync(join(parent, 'lost+found'));
    chmodSync(parent, 0o755);
    open(parent);
    expect(mode(parent)).toBe(0o700);
  });

  test('that is open and has files of other programs is rejected, and stays open', () => {
    writeFileSync(join(parent, 'file'), '');
    chmodSync(parent, 0o755);
    expect(() => open(parent)).toThrow(/^DATA_DIR: other users can access .* \(mode 755\), and it contains files of other programs\. Run/);
    expect(mode(parent)).toBe(0o755);
    chmodSync(parent, 0o700);
    open(parent);
  });

  // Only root can give a folder away.
  test.runIf(process.getuid?.() === 0)('of another user is rejected, also if it is private', () => {
    for (const each of [0o700, 0o777]) {
      chmodSync(parent, each);
      chownSync(parent, 65_534, 65_534);
      expect(() => open(parent)).toThrow(
        /^DATA_DIR: .* belongs to user 65534, and this process runs as user 0\. Run as its owner, or set DATA_DIR/,
      );
    }
  });
});
