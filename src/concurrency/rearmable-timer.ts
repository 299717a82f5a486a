import type { Waiter } from './wake-signal.ts';

/** One timer for somebody who sets it often and is woken earlier most of the time: it may then also ring for nothing. */
export class Alarm {
  private timer: NodeJS.Timeout | null = null;
  private at = Infinity;

  /** Wakes somebody in `ms` milliseconds at the latest, unless it is cleared before. */
  set(ms: number, waiter: Waiter): void {
    const at = performance.now() + Math.max(ms, leastMs);
    if (at >= this.at) return;
    this.clear();
    this.at = at;
    this.timer = setTimeout(() => {
      this.clear();
      waiter.wake();
    }, at - performance.now());
  }

  clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.at = Infinity;
  }
}

const leastMs = 1;
