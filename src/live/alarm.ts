/** One timer for somebody who sets it often and is woken earlier most of the time: it may then also ring for nothing. */
export class Alarm {
  private timer: NodeJS.Timeout | null = null;
  private at = Infinity;

  /** Calls `ring` in `ms` milliseconds at the latest, unless it is cleared before. */
  set(ms: number, ring: () => void): void {
    const at = performance.now() + Math.max(ms, leastMs);
    if (at >= this.at) return;
    this.clear();
    this.at = at;
    this.timer = setTimeout(() => {
      this.clear();
      ring();
    }, at - performance.now());
  }

  clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.at = Infinity;
  }
}

const leastMs = 1;
