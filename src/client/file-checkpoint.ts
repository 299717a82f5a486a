import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Checkpoint } from './follow/stream-types.ts';

export { directoryOutbox } from './emission/directory-outbox.ts';

/** Keeps a cursor in a file, which always has a whole cursor: it is replaced, not written over. */
export function fileCheckpoint(path: string): Checkpoint {
  return {
    async load() {
      try {
        return (await readFile(path, 'utf8')).trim() || undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async save(cursor) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, `${cursor}\n`);
      await rename(`${path}.new`, path);
    },
  };
}
