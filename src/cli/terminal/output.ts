import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { TidingsError } from '../../errors.ts';

/** Standard output, line by line. */
export interface Output {
  /** A promise when the reader is slow: until it resolves, nothing more should be written. */
  write(line: string): Promise<unknown> | null;
}

/** `onEnd` is told when nothing can be written any more; without an error when the reader has seen enough. */
export function createOutput(stream: Writable, onEnd: (error: TidingsError | null) => void): Output {
  let drained: Promise<unknown> | null = null;
  stream.on('error', (error: NodeJS.ErrnoException) =>
    onEnd(error.code === 'EPIPE' ? null : new TidingsError('UNAVAILABLE', `standard output cannot be written: ${error.message}`)),
  );
  return {
    write(line) {
      if (stream.write(`${line}\n`)) return null;
      drained ??= once(stream, 'drain')
        .catch(() => undefined) // onEnd was told
        .finally(() => (drained = null));
      return drained;
    },
  };
}
