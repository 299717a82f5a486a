import type { WakeListener } from './wake-signal.ts';

/**
 * A timer that is re-armed often and rarely fires. Re-arming to a later time keeps the earlier
 * timer, so the callback may run early and must check its condition.
 */
export class RearmableTimer {
  private timeout: NodeJS.Timeout | null = null;
  private firesAt = Infinity;

  /** Wakes the listener in `ms` milliseconds at the latest, unless `clear` is called before. */
  arm(ms: number, listener: WakeListener): void {
    const firesAt = performance.now() + Math.max(ms, minDelayMs);
    if (firesAt >= this.firesAt) return;
    this.clear();
    this.firesAt = firesAt;
    this.timeout = setTimeout(() => {
      this.clear();
      listener.wake();
    }, firesAt - performance.now());
  }

  clear(): void {
    if (this.timeout !== null) clearTimeout(this.timeout);
    this.timeout = null;
    this.firesAt = Infinity;
  }
}

const minDelayMs = 1;
