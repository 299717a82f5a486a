/** Those who wait for something to happen. A wake-up tells all of them to look whether it has. */
export class Waiters {
  private readonly waiting = new Set<() => void>();

  /** Resolves at the next wake-up, or when `signal` aborts. */
  async woken(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        signal.removeEventListener('abort', settle);
        this.waiting.delete(settle);
        resolve();
      };
      this.waiting.add(settle);
      signal.addEventListener('abort', settle, { once: true });
    });
  }

  wake(): void {
    const woken = [...this.waiting];
    this.waiting.clear();
    woken.forEach((settle) => settle());
  }
}
