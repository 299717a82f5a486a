import type { Position } from '../../event/cursor.ts';
import { canonicalFilter } from '../../filter/canonical-filter.ts';
import type { SubscriptionParts } from '../event-subscription.ts';
import { LogReader } from '../log-reader.ts';
import { SubscriptionSource } from '../source.ts';
import { CountReader, type CountsMessage } from './count-reader.ts';
import { readCountSnapshot, type CountSnapshot } from './count-snapshot.ts';
import { IncrementalCount, type CountDefinition } from './incremental-count.ts';
import { watchRetention } from './retention-watch.ts';

export interface CountSubscriptionRequest extends CountDefinition {
  /** Equal for equal dimensions. */
  readonly dimensionsKey: string;
  /** The minimum time between two messages. */
  readonly intervalMs: number;
}

/**
 * Live counts. Subscriptions with equal filters and dimensions share one incremental count, which
 * ends with the last of them.
 */
export class CountSubscriptions {
  private readonly counts = new Map<string, SharedCount>();
  private retentionWatch: Disposable | null = null;
  private lastCount: Promise<unknown> = Promise.resolve();

  /** Throws LIMIT_EXCEEDED if there are too many buckets or counting takes too long. */
  async subscribe(parts: SubscriptionParts, request: CountSubscriptionRequest): Promise<SubscriptionSource<CountsMessage>> {
    const following = await parts.tail.follow();
    let release: (() => void) | null = null;
    try {
      const head = await parts.heads.head();
      const sharedCount = this.sharedCount(parts, request, head);
      release = () => this.release(sharedCount);
      const incrementalCount = await sharedCount.incrementalCount;
      incrementalCount.snapshot();
      return new SubscriptionSource(
        parts,
        new CountReader(incrementalCount, { minPosition: head, intervalMs: request.intervalMs, release }),
        following,
      );
    } catch (error) {
      release?.();
      following[Symbol.dispose]();
      throw error;
    }
  }

  private sharedCount(parts: SubscriptionParts, request: CountSubscriptionRequest, head: Position): SharedCount {
    const { key, condition } = canonicalFilter(request.filter);
    const name = JSON.stringify([key, request.dimensionsKey]);
    const sharedCount = this.counts.get(name) ?? {
      name,
      users: 0,
      incrementalCount: this.open(parts, { ...request, filter: condition }, head),
    };
    this.counts.set(name, sharedCount);
    sharedCount.users += 1;
    this.retentionWatch ??= watchRetention(parts.logStart, (upTo) => this.advanceLogStart(upTo));
    return sharedCount;
  }

  private async open(parts: SubscriptionParts, definition: CountDefinition, head: Position): Promise<IncrementalCount> {
    const counted = await readCountSnapshot(parts, definition, head);
    const count = (upTo: Position): Promise<CountSnapshot> => this.inSequence(() => readCountSnapshot(parts, definition, upTo));
    return new IncrementalCount(definition, { logReader: new LogReader(parts, definition.filter, pageEvents), count }, counted);
  }

  /** Passes the log start to every count: counted events may have been removed. */
  private advanceLogStart(upTo: Position): void {
    for (const { incrementalCount } of this.counts.values())
      void incrementalCount.then((open) => open.advanceLogStart(upTo)).catch(() => undefined); // reported by `subscribe`
  }

  /**
   * Runs one recount at a time: after a removal every count needs one, and other reads must get
   * their share of the database in between.
   */
  private inSequence(count: () => Promise<CountSnapshot>): Promise<CountSnapshot> {
    const result = this.lastCount.then(count);
    this.lastCount = result.catch(() => undefined);
    return result;
  }

  private release(sharedCount: SharedCount): void {
    sharedCount.users -= 1;
    if (sharedCount.users > 0) return;
    if (this.counts.get(sharedCount.name) === sharedCount) this.counts.delete(sharedCount.name);
    if (this.counts.size === 0) {
      this.retentionWatch?.[Symbol.dispose]();
      this.retentionWatch = null;
    }
    void sharedCount.incrementalCount.then((open) => open.close()).catch(() => undefined); // reported by `subscribe`
  }
}

interface SharedCount {
  readonly name: string;
  readonly incrementalCount: Promise<IncrementalCount>;
  users: number;
}

/** The maximum number of events in one read of the database. */
const pageEvents = 500;
