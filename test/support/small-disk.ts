import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system in memory that a test can fill. */
export interface SmallDisk extends Disposable {
  /** Null: it cannot be mounted, for `reason`. */
  readonly folder: string | null;
  readonly reason: string;
  /** Leaves at most `bytes` free. */
  fill(bytes?: number): void;
  clear(): void;
}

/** Mounts a file system of `megabytes`. Only root may mount one. */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const reason = `no file system of a few megabytes can be mounted here: ${String(error)}`;
    return { folder: null, reason, fill: () => undefined, clear: () => undefined, [Symbol.dispose]: () => undefined };
  }
  chmodSync(folder, 0o755);
  const ballast = join(folder, 'ballast');
  return {
    folder,
    reason: '',
    fill(bytes = 0) {
      const file = openSync(ballast, 'w');
      try {
        for (const block = Buffer.alloc(4096); ;) writeSync(file, block);
      } catch {
        ftruncateSync(file, Math.max(statSync(ballast).size - bytes, 0)); // the disk is full
      } finally {
        closeSync(file);
      }
    },
    clear: () => rmSync(ballast),
    [Symbol.dispose]() {
      // Lazy, since a server may have files open for a moment.
      execFileSync('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
