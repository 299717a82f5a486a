/**
 * A waiter. An object rather than a function: there may be very many, and a closure each takes more
 * memory.
 */
export interface WakeListener {
  wake(): void;
}

/** A waiter for the network of a client, which can take long. */
export interface DrainListener extends WakeListener {
  /** Called once when it has waited for long. Drops what can be read again. */
  dropHeld(): void;
}

/**
 * A condition variable: `wake` wakes all listeners once, in the order of `add`; each must check its
 * condition.
 */
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
