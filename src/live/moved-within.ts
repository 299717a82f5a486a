import type { Position } from '../event/cursor.ts';
import type { Tail } from '../log/tail.ts';

/** How long to wait for the log to move: `ms` at most, when there is such a bound. */
export interface Waiting {
  readonly signal: AbortSignal;
  readonly ms: number | null;
}

/** Resolves when the tail's head lies beyond `position`, when the time is over, when `signal` aborts, or when the tail stops. */
export async function movedWithin(tail: Tail, position: Position, { signal, ms }: Waiting): Promise<void> {
  if (ms === null) return tail.movedBeyond(position, signal);
  if (signal.aborted) return;
  const over = new AbortController();
  const end = (): void => over.abort();
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end);
  try {
    await tail.movedBeyond(position, over.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
