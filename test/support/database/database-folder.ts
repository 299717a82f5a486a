import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/**
 * The parent folder of databases that all tests share: in memory where there is enough of it. The
 * files of an embedded database are 40 MB, and copying them for each test on a disk takes half a
 * second of the processor.
 */
export function databaseFolder(): string {
  return freeBytes(inMemory) > minFreeBytes ? inMemory : tmpdir();
}

function freeBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Of Linux. In containers it is small. */
const inMemory = '/dev/shm';
const minFreeBytes = 6 * 2 ** 30;
