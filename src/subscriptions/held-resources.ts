import { canonicalFilter } from '../filter/canonical-filter.ts';
import type { Condition } from '../filter/filter.ts';
import type { Tail } from '../log/tail.ts';
import type { SubscriptionMemory } from './subscription-memory.ts';
import { filterBytes, subscriptionBytes } from './kept-bytes.ts';

/** What a subscription holds until it ends: the tail, and its share of the memory. */
export interface HeldResources extends Disposable {
  readonly client: string;
}

export interface HeldResourcesParts {
  readonly tail: Tail;
  readonly memory: SubscriptionMemory;
}

/**
 * Charges a client for a subscription with this filter, and follows the tail. Throws
 * LIMIT_EXCEEDED. Must be disposed of once.
 */
export async function holdResources(
  { tail, memory }: HeldResourcesParts,
  { client, filter, extraBytes = 0 }: { readonly client: string; readonly filter: Condition; readonly extraBytes?: number },
): Promise<HeldResources> {
  const { key, condition } = canonicalFilter(filter);
  const shared = { key: `filter ${key}`, bytes: filterBytes(condition) };
  const kept = memory.keep(client, { bytes: subscriptionBytes + extraBytes, shared });
  try {
    return new Held(client, await tail.follow(), kept);
  } catch (error) {
    kept[Symbol.dispose]();
    throw error;
  }
}

class Held implements HeldResources {
  constructor(
    readonly client: string,
    private readonly following: Disposable,
    private readonly kept: Disposable,
  ) {}

  [Symbol.dispose](): void {
    this.following[Symbol.dispose]();
    this.kept[Symbol.dispose]();
  }
}
