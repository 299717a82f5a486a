/** Somebody who waits. An object, since there may be very many, and a function for each takes more memory. */
export interface Waiter {
  wake(): void;
}

/** Those who wait for something to happen. A wake-up tells all of them, once, to look whether it has. */
export class Waiters {
  private waiting = new Set<Waiter>();

  add(waiter: Waiter): void {
    this.waiting.add(waiter);
  }

  delete(waiter: Waiter): void {
    this.waiting.delete(waiter);
  }

  wake(): void {
    if (this.waiting.size === 0) return;
    const woken = this.waiting;
    this.waiting = new Set();
    for (const waiter of woken) waiter.wake();
  }
}
