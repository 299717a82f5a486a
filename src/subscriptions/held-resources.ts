import { canonicalFilter } from '../filter/canonical-filter.ts';
import type { PacedStarts } from '../concurrency/paced-starts.ts';
import type { Position } from '../event/cursor.ts';
import type { Condition } from '../filter/filter.ts';
import type { Following, Tail } from '../log/tail.ts';
import type { SubscriptionMemory } from './subscription-memory.ts';
import { filterBytes, subscriptionBytes } from './kept-bytes.ts';

/** What a subscription holds until it ends: the tail, and its share of the memory. */
export interface HeldResources extends Disposable {
  readonly client: string;
  /** A head that was read after the call: where a subscription from now on starts. */
  readonly head: Position;
}

export interface HeldResourcesParts {
  readonly tail: Tail;
  readonly pacedStarts: PacedStarts;
  readonly memory: SubscriptionMemory;
}

/**
 * Charges a client for a subscription with this filter, and follows the tail. Throws
 * LIMIT_EXCEEDED. Must be disposed of once.
 *
 * Callers share reads of the head, which thousands may wait for. So they continue in turns.
 */
export async function holdResources(
  { tail, memory, pacedStarts }: HeldResourcesParts,
  { client, filter, extraBytes = 0 }: { readonly client: string; readonly filter: Condition; readonly extraBytes?: number },
): Promise<HeldResources> {
  const { key, condition } = canonicalFilter(filter);
  const shared = { key: `filter ${key}`, bytes: filterBytes(condition) };
  const kept = memory.keep(client, { bytes: subscriptionBytes + extraBytes, shared });
  try {
    const following = await tail.follow();
    await pacedStarts.turn(`subscriptions of ${client}`);
    return new Held(client, following, kept);
  } catch (error) {
    kept[Symbol.dispose]();
    throw error;
  }
}

class Held implements HeldResources {
  constructor(
    readonly client: string,
    private readonly following: Following,
    private readonly kept: Disposable,
  ) {}

  get head(): Position {
    return this.following.head;
  }

  [Symbol.dispose](): void {
    this.following[Symbol.dispose]();
    this.kept[Symbol.dispose]();
  }
}
