import { timeLimitExceeded } from './database-errors.ts';

/**
 * The pace of a question that takes several statements: how much one of them takes on, and how long all may take. Because
 * PGlite does not end a statement that takes too long, and does nothing else meanwhile, statements that turn out slow
 * are followed by smaller ones. Throws LIMIT_EXCEEDED once `ms` milliseconds have passed; never for 0.
 */
export class Pace {
  private readonly end: number;

  constructor(
    private readonly ms: number,
    private size: number,
  ) {
    this.end = performance.now() + ms;
  }

  check(): void {
    if (this.ms > 0 && performance.now() > this.end) throw timeLimitExceeded(this.ms);
  }

  /** Runs `statement` over all items, a part at a time. */
  async through<T>(items: readonly T[], statement: (part: readonly T[]) => Promise<void>): Promise<void> {
    for (let at = 0; at < items.length;) {
      this.check();
      const part = items.slice(at, at + this.size);
      await this.timed(() => statement(part));
      at += part.length;
    }
  }

  /** Runs a statement that takes on `share` items. */
  async timed<T>(statement: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await statement();
    const took = performance.now() - began;
    if (took > slowMs) this.size = Math.max(1, this.size >> 2);
    else if (took < quickMs) this.size = Math.min(largestSize, this.size * 4);
    return result;
  }

  /** How many items the next statement should take on. */
  get share(): number {
    return this.size;
  }
}

const largestSize = 16_384;
const quickMs = 50;
const slowMs = 250;
