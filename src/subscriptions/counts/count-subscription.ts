import type { Position } from '../../event/cursor.ts';
import { canonicalFilter } from '../../filter/canonical-filter.ts';
import { CountCursor, type CountsMessage } from './count-reader.ts';
import { CountFeed, type CountsSubject } from './incremental-count.ts';
import { readKeptCounts, type KeptCounts } from './count-snapshot.ts';
import { LiveSource } from '../source.ts';
import { watchRemoval } from './retention-watch.ts';
import type { SubscriptionParts } from '../event-subscription.ts';
import { Walk } from '../log-reader.ts';

export interface CountSubscriptionRequest extends CountsSubject {
  /** Equal for equal dimensions. */
  readonly dimensionsKey: string;
  /** At most one message in so many milliseconds. */
  readonly intervalMs: number;
}

/** Live counts: one feed for all subscriptions that count the same events by the same dimensions, for as long as there is one. */
export class LiveCounts {
  private readonly feeds = new Map<string, Shared>();
  private removal: Disposable | null = null;
  private lastCount: Promise<unknown> = Promise.resolve();

  /** Throws LIMIT_EXCEEDED where there are too many buckets, or counting takes too long. */
  async subscribe(parts: SubscriptionParts, request: CountSubscriptionRequest): Promise<LiveSource<CountsMessage>> {
    const following = await parts.tail.follow();
    let leave: (() => void) | null = null;
    try {
      const head = await parts.heads.head();
      const shared = this.shared(parts, request, head);
      leave = () => this.leave(shared);
      const feed = await shared.feed;
      feed.snapshot();
      return new LiveSource(parts, new CountCursor(feed, { atLeast: head, intervalMs: request.intervalMs, leave }), following);
    } catch (error) {
      leave?.();
      following[Symbol.dispose]();
      throw error;
    }
  }

  private shared(parts: SubscriptionParts, request: CountSubscriptionRequest, head: Position): Shared {
    const { key, condition } = canonicalFilter(request.filter);
    const name = JSON.stringify([key, request.dimensionsKey]);
    const shared = this.feeds.get(name) ?? { name, users: 0, feed: this.open(parts, { ...request, filter: condition }, head) };
    this.feeds.set(name, shared);
    shared.users += 1;
    this.removal ??= watchRemoval(parts.removedUpTo, (upTo) => this.removed(upTo));
    return shared;
  }

  private async open(parts: SubscriptionParts, subject: CountsSubject, head: Position): Promise<CountFeed> {
    const counted = await readKeptCounts(parts, subject, head);
    const count = (upTo: Position): Promise<KeptCounts> => this.inTurn(() => readKeptCounts(parts, subject, upTo));
    return new CountFeed(subject, { walk: new Walk(parts, subject.filter, page), count }, counted);
  }

  /** What was counted may be gone, for all feeds at once. */
  private removed(upTo: Position): void {
    for (const { feed } of this.feeds.values()) void feed.then((open) => open.removed(upTo)).catch(() => undefined); // whoever opened it was told
  }

  /** One after the other: after a removal all feeds count again, and other reads are to come in between. */
  private inTurn(count: () => Promise<KeptCounts>): Promise<KeptCounts> {
    const result = this.lastCount.then(count);
    this.lastCount = result.catch(() => undefined);
    return result;
  }

  private leave(shared: Shared): void {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (this.feeds.get(shared.name) === shared) this.feeds.delete(shared.name);
    if (this.feeds.size === 0) {
      this.removal?.[Symbol.dispose]();
      this.removal = null;
    }
    void shared.feed.then((feed) => feed.close()).catch(() => undefined); // whoever opened it was told
  }
}

interface Shared {
  readonly name: string;
  readonly feed: Promise<CountFeed>;
  users: number;
}

/** Events read from the database at once, where memory does not reach back. */
const page = 500;
