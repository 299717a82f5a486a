import type { WakeListener } from './wake-signal.ts';

/** One timer for somebody who sets it often and is woken earlier most of the time: it may then also ring for nothing. */
export class RearmableTimer {
  private timeout: NodeJS.Timeout | null = null;
  private firesAt = Infinity;

  /** Wakes somebody in `ms` milliseconds at the latest, unless it is cleared before. */
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
