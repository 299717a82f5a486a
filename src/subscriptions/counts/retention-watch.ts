import type { Position } from '../../event/cursor.ts';
import type { LogStart } from '../../store/log/log-start.ts';

/**
 * Reports the log start every second, whichever process removed events, until it is disposed of.
 * Runs one small statement each time. Its timer does not keep the process alive.
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
      // The next poll tries again. Readers of events log an unreachable database.
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
