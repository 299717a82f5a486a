import { abortListeners } from './abort-listeners.ts';

/**
 * Resolves after `ms` milliseconds, or when `signal` aborts. Unlike `node:timers/promises`, it
 * never rejects. Very many can wait for the same signal.
 */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  const listeners = signal === undefined ? null : abortListeners(signal);
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      listeners?.delete(settle);
      resolve();
    };
    const timer = setTimeout(settle, ms);
    listeners?.add(settle);
  });
}
