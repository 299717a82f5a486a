import type { Position } from '../../event/cursor.ts';
import { canonicalFilter } from '../../filter/canonical-filter.ts';
import { cancelledError } from '../../store/database/database-errors.ts';
import type { SubscriptionParts } from '../event-subscription.ts';
import { holdResources } from '../held-resources.ts';
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
  /** The subscriber, and when it leaves. */
  readonly reader: { readonly client: string; readonly signal: AbortSignal };
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
    const { client, signal } = request.reader;
    const held = await holdResources(parts, { client, filter: request.filter });
    let release = noop;
    const onLeft = (): void => release();
    signal.addEventListener('abort', onLeft);
    try {
      const { head } = held;
      if (signal.aborted) throw cancelledError();
      const sharedCount = this.sharedCount(parts, request, head);
      release = () => {
        release = noop;
        this.release(sharedCount);
      };
      const incrementalCount = await sharedCount.incrementalCount;
      incrementalCount.snapshot();
      return new SubscriptionSource(
        parts,
        new CountReader(incrementalCount, { minPosition: head, intervalMs: request.intervalMs, release: onLeft }),
        held,
      );
    } catch (error) {
      release();
      held[Symbol.dispose]();
      throw error;
    } finally {
      signal.removeEventListener('abort', onLeft);
    }
  }

  private sharedCount(parts: SubscriptionParts, request: CountSubscriptionRequest, head: Position): SharedCount {
    const { key, condition } = canonicalFilter(request.filter);
    const name = JSON.stringify([key, request.dimensionsKey]);
    const sharedCount = this.counts.get(name) ?? this.open(parts, { ...request, name, filter: condition }, head);
    this.counts.set(name, sharedCount);
    sharedCount.users += 1;
    this.retentionWatch ??= watchRetention(parts.logStart, (upTo) => this.advanceLogStart(upTo));
    return sharedCount;
  }

  private open(parts: SubscriptionParts, request: CountSubscriptionRequest & { readonly name: string }, head: Position): SharedCount {
    const { name, filter, dimensions, bounds, reader } = request;
    const definition = { filter, dimensions, bounds };
    const unused = new AbortController();
    const { signal } = unused;
    const snapshotParts = { ...parts, database: parts.database.reads({ client: reader.client, signal }) };
    const count = (upTo: Position): Promise<CountSnapshot> => this.inSequence(() => readCountSnapshot(snapshotParts, definition, upTo));
    const logReader = (): LogReader => new LogReader(parts, { filter, client: reader.client, pageEvents });
    const incrementalCount = readCountSnapshot(snapshotParts, definition, head).then(
      (counted) => new IncrementalCount(definition, { logReader: logReader(), count, signal }, counted),
    );
    return { name, users: 0, incrementalCount, unused };
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
    sharedCount.unused.abort();
    void sharedCount.incrementalCount.then((open) => open.close()).catch(() => undefined); // reported by `subscribe`
  }
}

const noop = (): void => undefined;

interface SharedCount {
  readonly name: string;
  readonly incrementalCount: Promise<IncrementalCount>;
  users: number;
  /** Aborts after the last subscriber has left. */
  readonly unused: AbortController;
}

/** The maximum number of events in one read of the database. */
const pageEvents = 500;
