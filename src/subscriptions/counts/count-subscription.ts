import type { Position } from '../../event/cursor.ts';
import { canonicalFilter } from '../../filter/canonical-filter.ts';
import { CountReader, type CountsMessage } from './count-reader.ts';
import { IncrementalCount, type CountDefinition } from './incremental-count.ts';
import { readCountSnapshot, type CountSnapshot } from './count-snapshot.ts';
import { SubscriptionSource } from '../source.ts';
import { watchRetention } from './retention-watch.ts';
import type { SubscriptionParts } from '../event-subscription.ts';
import { LogReader } from '../log-reader.ts';

export interface CountSubscriptionRequest extends CountDefinition {
  /** Equal for equal dimensions. */
  readonly dimensionsKey: string;
  /** At most one message in so many milliseconds. */
  readonly intervalMs: number;
}

/** Live counts: one feed for all subscriptions that count the same events by the same dimensions, for as long as there is one. */
export class CountSubscriptions {
  private readonly counts = new Map<string, SharedCount>();
  private retentionWatch: Disposable | null = null;
  private lastCount: Promise<unknown> = Promise.resolve();

  /** Throws LIMIT_EXCEEDED where there are too many buckets, or counting takes too long. */
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

  /** What was counted may be gone, for all feeds at once. */
  private advanceLogStart(upTo: Position): void {
    for (const { incrementalCount } of this.counts.values())
      void incrementalCount.then((open) => open.advanceLogStart(upTo)).catch(() => undefined); // whoever opened it was told
  }

  /** One after the other: after a removal all feeds count again, and other reads are to come in between. */
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
    void sharedCount.incrementalCount.then((incrementalCount) => incrementalCount.close()).catch(() => undefined); // whoever opened it was told
  }
}

interface SharedCount {
  readonly name: string;
  readonly incrementalCount: Promise<IncrementalCount>;
  users: number;
}

/** Events read from the database at once, where memory does not reach back. */
const pageEvents = 500;
