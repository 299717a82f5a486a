import type { Position } from '../event/cursor.ts';
import { readCounts } from '../store/counts.ts';
import { canonicalFilter } from './canonical-filter.ts';
import { CountCursor, type CountsMessage } from './count-cursor.ts';
import { CountFeed, type CountsSubject } from './count-feed.ts';
import { LiveSource } from './live-source.ts';
import type { SubscriptionParts } from './subscription.ts';
import { Walk } from './walk.ts';

export interface CountSubscriptionRequest extends CountsSubject {
  /** Equal for equal dimensions. */
  readonly dimensionsKey: string;
  /** At most one message in so many milliseconds. */
  readonly intervalMs: number;
}

/** Live counts: one feed for all subscriptions that count the same events by the same dimensions, for as long as there is one. */
export class LiveCounts {
  private readonly feeds = new Map<string, Shared>();

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
    const shared = this.feeds.get(name) ?? { name, users: 0, feed: openFeed(parts, { ...request, filter: condition }, head) };
    this.feeds.set(name, shared);
    shared.users += 1;
    return shared;
  }

  private leave(shared: Shared): void {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (this.feeds.get(shared.name) === shared) this.feeds.delete(shared.name);
    void shared.feed.then((feed) => feed.close()).catch(() => undefined); // whoever opened it was told
  }
}

interface Shared {
  readonly name: string;
  readonly feed: Promise<CountFeed>;
  users: number;
}

async function openFeed(parts: SubscriptionParts, subject: CountsSubject, head: Position): Promise<CountFeed> {
  const table = await readCounts(parts.database, { filter: subject.filter, dimensions: subject.dimensions, head });
  return new CountFeed(subject, new Walk(parts, subject.filter, page), { table, place: head });
}

/** Events read from the database at once, where memory does not reach back. */
const page = 500;
