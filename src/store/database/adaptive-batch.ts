import { timeLimitExceeded } from './database-errors.ts';

/**
 * The pace of a question that takes several statements: how much one of them takes on, and how long all may take. Because
 * PGlite does not end a statement that takes too long, and does nothing else meanwhile, statements that turn out slow
 * are followed by smaller ones. Throws LIMIT_EXCEEDED once `ms` milliseconds have passed; never for 0.
 */
export class AdaptiveBatch {
  private readonly deadline: number;

  constructor(
    private readonly timeoutMs: number,
    private size: number,
  ) {
    this.deadline = performance.now() + timeoutMs;
  }

  checkDeadline(): void {
    if (this.timeoutMs > 0 && performance.now() > this.deadline) throw timeLimitExceeded(this.timeoutMs);
  }

  /** Runs `statement` over all items, a part at a time. */
  async runInBatches<T>(items: readonly T[], statement: (batch: readonly T[]) => Promise<void>): Promise<void> {
    for (let at = 0; at < items.length;) {
      this.checkDeadline();
      const batch = items.slice(at, at + this.size);
      await this.timed(() => statement(batch));
      at += batch.length;
    }
  }

  /** Runs a statement that takes on `share` items. */
  async timed<T>(statement: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await statement();
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > slowThresholdMs) this.size = Math.max(1, this.size >> 2);
    else if (elapsedMs < fastThresholdMs) this.size = Math.min(maxBatchSize, this.size * 4);
    return result;
  }

  /** How many items the next statement should take on. */
  get batchSize(): number {
    return this.size;
  }
}

const maxBatchSize = 16_384;
const fastThresholdMs = 50;
const slowThresholdMs = 250;
