import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { TidingsError } from '../../errors.ts';

/** Standard output, line by line. */
export interface Output {
  /** Returns a promise if the reader is slow: the caller should await it before the next line. */
  write(line: string): Promise<unknown> | null;
}

/** Calls `onEnd` when the output cannot be written; without an error if its reader closed it. */
export function createOutput(stream: Writable, onEnd: (error: TidingsError | null) => void): Output {
  let drained: Promise<unknown> | null = null;
  stream.on('error', (error: NodeJS.ErrnoException) =>
    onEnd(error.code === 'EPIPE' ? null : new TidingsError('UNAVAILABLE', `Cannot write to standard output: ${error.message}.`)),
  );
  return {
    write(line) {
      if (stream.write(`${line}\n`)) return null;
      drained ??= once(stream, 'drain')
        .catch(() => undefined) // the error handler above reports it
        .finally(() => (drained = null));
      return drained;
    },
  };
}

/** For commands that print once: a reader that closes standard output early, as `head` does, is no error. */
export function ignoreClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
