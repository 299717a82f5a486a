/**
 * Functions that are called when a signal aborts, for signals with very many of them: adding and
 * removing one takes constant time. `addEventListener` compares it with all others.
 *
 * Does not call a function that is added after the signal has aborted.
 */
export function abortListeners(signal: AbortSignal): Set<() => void> {
  const known = listenersOf.get(signal);
  if (known !== undefined) return known;
  const listeners = new Set<() => void>();
  listenersOf.set(signal, listeners);
  signal.addEventListener('abort', () => listeners.forEach((listener) => listener()), { once: true });
  return listeners;
}

const listenersOf = new WeakMap<AbortSignal, Set<() => void>>();
