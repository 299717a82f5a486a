import { readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import type { Logger } from 'pino';

/**
 * Logs when connections take nearly all of the files that the process may open, at most once a minute.
 * Beyond the limit the system closes new connections at once, and Node reports nothing. Those that are
 * open continue, and new ones are accepted when others have closed.
 */
export function watchOpenFiles(server: Server, logger: Logger, limit = openFileLimit()): void {
  if (limit === null) return;
  let nextLogAt = -Infinity;
  server.on('connection', (connection: Socket) => {
    if (descriptorOf(connection) < limit - reservedFiles || performance.now() < nextLogAt) return;
    nextLogAt = performance.now() + minLogIntervalMs;
    logger.error(
      `Nearly all of the ${limit} files that this process may open are in use: further connections are closed. ` +
        'Raise the limit (ulimit -n, LimitNOFILE of systemd), or limit the connections.',
    );
  });
}

/** The system gives the lowest number that is free, so a high one means that those below are in use. */
function descriptorOf(connection: Socket): number {
  const { _handle: handle } = connection as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

/** Null where the system does not tell. */
function openFileLimit(): number | null {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}

/** For files and connections of the database. */
const reservedFiles = 16;
const minLogIntervalMs = 60_000;
