import type { Position } from '../../event/cursor.ts';
import type { RemovedUpTo } from '../../store/retention/log-start.ts';

/**
 * Tells once a second how far retention has come, whichever process removed something, until it is disposed of. Takes one
 * small statement each time; keeps no process alive.
 */
export function watchRemoval(removedUpTo: RemovedUpTo, tell: (upTo: Position) => void): Disposable {
  let asking = false;
  let ended = false;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    try {
      const upTo = await removedUpTo();
      if (!ended) tell(upTo);
    } catch {
      // The next time will tell; whoever reads events says that the database is away.
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void ask(), askMs).unref();
  return {
    [Symbol.dispose]() {
      ended = true;
      clearInterval(timer);
    },
  };
}

const askMs = 1000;
