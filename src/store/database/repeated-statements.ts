import { LRUCache } from 'lru-cache';

/**
 * Selects the statements that connections keep: those that are executed again and again, by their texts.
 *
 * Guarantees: at most `maxKept` at a time. One is replaced only when it was not executed for `maxUnusedMs`, so
 * that a stream of different statements, each executed a few times, does not replace those of every page.
 */
export class RepeatedStatements {
  /** The executions of texts that are not kept. */
  private readonly executions = new LRUCache<string, number>({ max: 1000, maxSize: 4 << 20, sizeCalculation: (_, text) => text.length });
  /** When each was executed last, the oldest first. */
  private readonly kept = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Notes an execution, and returns whether the connection should keep the statement. */
  shouldKeep(text: string): boolean {
    if (this.kept.delete(text)) {
      this.kept.set(text, this.now());
      return true;
    }
    if (text.length > maxLength) return false;
    const executions = (this.executions.get(text) ?? 0) + 1;
    this.executions.set(text, executions);
    if (executions < minExecutions || !this.hasSpace()) return false;
    this.executions.delete(text);
    this.kept.set(text, this.now());
    return true;
  }

  private hasSpace(): boolean {
    if (this.kept.size < maxKept) return true;
    const [oldest] = this.kept;
    if (oldest === undefined || this.now() - oldest[1] < maxUnusedMs) return false;
    this.kept.delete(oldest[0]);
    return true;
  }
}

/** Each takes 0.3 MB of the server's memory for each connection, and 1.3 MB with 30 partitions. */
export const maxKept = 24;
const minExecutions = 3;
const maxUnusedMs = 600_000;
/** Those of ordinary filters have about 3,000 characters, and 20,000 where they name a hundred partitions. */
const maxLength = 64_000;
