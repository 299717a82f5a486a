/** Those who wait for something to happen. A wake-up tells all of them, once, to look whether it has. */
export class Waiters {
  private waiting = new Set<() => void>();

  add(wake: () => void): void {
    this.waiting.add(wake);
  }

  delete(wake: () => void): void {
    this.waiting.delete(wake);
  }

  wake(): void {
    if (this.waiting.size === 0) return;
    const woken = this.waiting;
    this.waiting = new Set();
    for (const wake of woken) wake();
  }
}
