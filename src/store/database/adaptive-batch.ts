import { timeLimitExceeded } from './database-errors.ts';

/**
 * Bounds a query of several statements: the number of items of each statement, and the time of all
 * together. PGlite does not cancel a slow statement, and runs nothing else meanwhile; so a slow
 * statement is followed by smaller ones. Throws LIMIT_EXCEEDED after `timeoutMs`; 0: never.
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

  /** Runs `statement` for all items, a batch at a time. */
  async runInBatches<T>(items: readonly T[], statement: (batch: readonly T[]) => Promise<void>): Promise<void> {
    for (let at = 0; at < items.length;) {
      this.checkDeadline();
      const batch = items.slice(at, at + this.size);
      await this.timed(() => statement(batch));
      at += batch.length;
    }
  }

  /** Runs a statement for `batchSize` items, and adapts the size to its duration. */
  async timed<T>(statement: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await statement();
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > slowThresholdMs) this.size = Math.max(1, this.size >> 2);
    else if (elapsedMs < fastThresholdMs) this.size = Math.min(maxBatchSize, this.size * 4);
    return result;
  }

  /** The number of items for the next statement. */
  get batchSize(): number {
    return this.size;
  }
}

const maxBatchSize = 16_384;
const fastThresholdMs = 50;
const slowThresholdMs = 250;
