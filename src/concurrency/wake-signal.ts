/** Somebody who waits. An object, since there may be very many, and a function for each takes more memory. */
export interface WakeListener {
  wake(): void;
}

/** Those who wait for something to happen. A wake-up tells all of them, once, to look whether it has. */
export class WakeSignal {
  private listeners = new Set<WakeListener>();

  add(listener: WakeListener): void {
    this.listeners.add(listener);
  }

  delete(listener: WakeListener): void {
    this.listeners.delete(listener);
  }

  wake(): void {
    if (this.listeners.size === 0) return;
    const woken = this.listeners;
    this.listeners = new Set();
    for (const listener of woken) listener.wake();
  }
}
