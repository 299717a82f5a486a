import { effect, signal } from '@preact/signals';

/** Resolves when a condition on signals holds, or when the signal aborts. */
export function until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = new AbortController();
    const stop = effect(() => {
      if (isTrue()) done.abort();
    });
    const end = (): void => {
      stop();
      resolve();
    };
    if (done.signal.aborted || signal.aborted) return end();
    done.signal.addEventListener('abort', end);
    signal.addEventListener('abort', end, { signal: done.signal });
  });
}

/** Resolves after a time, or when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

const seen = signal(!document.hidden);
document.addEventListener('visibilitychange', () => (seen.value = !document.hidden));
/** Whether the tab is visible. */
export const isSeen = seen;

// Before the effect, which runs at once.
const maxHiddenMs = 5 * 60_000;
const awake = signal(true);
/** False when the tab has been hidden for so long that subscriptions are not worth their cost. */
export const isAwake = awake;
effect(() => {
  awake.value = true;
  if (seen.value) return undefined;
  const timer = setTimeout(() => (awake.value = false), maxHiddenMs);
  return () => clearTimeout(timer);
});
