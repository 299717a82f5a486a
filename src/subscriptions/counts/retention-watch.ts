import type { Position } from '../../event/cursor.ts';
import type { LogStart } from '../../store/retention/log-start.ts';

/**
 * Tells once a second how far retention has come, whichever process removed something, until it is disposed of. Takes one
 * small statement each time; keeps no process alive.
 */
export function watchRetention(readLogStart: LogStart, onLogStart: (logStart: Position) => void): Disposable {
  let isReading = false;
  let ended = false;
  const poll = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    try {
      const logStart = await readLogStart();
      if (!ended) onLogStart(logStart);
    } catch {
      // The next time will tell; whoever reads events says that the database is away.
    } finally {
      isReading = false;
    }
  };
  const timer = setInterval(() => void poll(), pollIntervalMs).unref();
  return {
    [Symbol.dispose]() {
      ended = true;
      clearInterval(timer);
    },
  };
}

const pollIntervalMs = 1000;
