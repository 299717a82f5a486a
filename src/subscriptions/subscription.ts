import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../filter/filter.ts';
import type { RemovedUpTo } from '../store/retention/log-start.ts';
import { EventCursor, type Expired } from './event-subscription.ts';
import { LiveSource, type LiveSourceParts } from './source.ts';
import { Walk, type WalkParts } from './log-reader.ts';

/**
 * A subscription: one cursor that moves along the log, when its client takes the next event.
 *
 * Assumes: a tail that passes every event once, in order. Promises: every event after `after` that matches, in log
 * order, once; what a client has not asked for costs no memory beyond one page. Does not promise speed to a client that
 * is slow. A database that is away only makes it wait; where retention has taken away what comes next, it says so and ends.
 */
export type SubscriptionParts = WalkParts & LiveSourceParts & { readonly removedUpTo: RemovedUpTo };

/** Events after `after` (from the head at the call, when null) that match. */
export async function subscribeToEvents(
  parts: SubscriptionParts,
  filter: Condition,
  after: Position | null,
): Promise<LiveSource<StoredEvent | Expired>> {
  const following = await parts.tail.follow();
  try {
    const start = after ?? (await parts.heads.head());
    return new LiveSource(parts, new EventCursor(new Walk(parts, filter, page), parts.removedUpTo, start), following);
  } catch (error) {
    following[Symbol.dispose]();
    throw error;
  }
}

/** Events read from the database at once for a subscription that is further back than memory. */
const page = 100;
