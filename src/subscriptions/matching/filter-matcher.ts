import type { StoredEvent } from '../../event/event.ts';
import { canonicalFilter, type CanonicalFilter } from '../../filter/canonical-filter.ts';
import type { Condition } from '../../filter/filter.ts';
import { matches } from '../../filter/matches.ts';
import { FilterIndex } from './filter-index.ts';
import { presearchKeysOf, type PresearchKeys } from './presearch-keys.ts';
import type { Bucket } from './value-index.ts';

/** A filter and all its subscribers. Equal filters are stored and tested once. */
export interface FilterGroup<S> {
  /** In canonical form. */
  readonly filter: Condition;
  /** The key of the canonical form: equal for equal filters. */
  readonly key: string;
  /** In the order in which they were added. A subscriber added twice appears twice. */
  readonly subscribers: Iterable<S>;
  /** Whether every event for which the group is a candidate matches. */
  readonly isExact: boolean;
  /** Whether an event for which the group is a candidate matches. */
  matches(event: StoredEvent): boolean;
}

/** Numbers of distinct filters. */
export interface FilterCounts {
  readonly exact: number;
  /**
   * Indexed by a prefix or by the existence of a value; most events that find them do not match.
   */
  readonly inexact: number;
  /** Not indexed: tested on every event. */
  readonly none: number;
}

/**
 * Finds the filters that an event matches (a percolator).
 *
 *   event --probe--> filter index --candidates--> test the rest of each filter --> groups
 *         '--------> filters without keys --'     (not needed for exact keys)
 *
 * Guarantees:
 * - The result of a loop over all filters with `matches`: each group once, in no particular order.
 * - Only filters that share a value with the event are tested (`presearch-keys.ts`), and those that
 *   have no keys.
 * - The cost of adding and removing a filter depends on its length only.
 * Does not guarantee: speed for filters that differ only in conditions without keys, which are
 * negations, ranges and text searches.
 */
export class FilterMatcher<S> {
  private readonly groups = new Map<string, Group<S>>();
  private readonly index = new FilterIndex<Group<S>>();
  private readonly unindexed = new Set<Group<S>>();
  private inexact = 0;
  /** Numbers the events, to skip groups and buckets that the current event has already found. */
  private round = 0;

  get filterCounts(): FilterCounts {
    const { inexact, unindexed } = this;
    return { exact: this.groups.size - inexact - unindexed.size, inexact, none: unindexed.size };
  }

  /** Adds a subscriber. Returns the function that removes it, whose second call has no effect. */
  add(filter: Condition, subscriber: S): () => void {
    return this.addCanonical(canonicalFilter(filter), subscriber);
  }

  addCanonical(canonical: CanonicalFilter, subscriber: S): () => void {
    const group = this.groups.get(canonical.key) ?? this.addGroup(canonical);
    const remove = (): void => {
      if (group.members.delete(remove) && group.members.size === 0) this.removeGroup(group);
    };
    group.members.set(remove, subscriber);
    return remove;
  }

  matching(event: StoredEvent): readonly FilterGroup<S>[] {
    return this.candidates(event).filter((group) => group.matches(event));
  }

  /** Returns the groups that may match. All others do not. */
  candidates(event: StoredEvent): readonly FilterGroup<S>[] {
    this.round += 1;
    const { round } = this;
    const found: Group<S>[] = [];
    const collect = (group: Group<S>): void => {
      if (group.lastRound === round) return;
      group.lastRound = round;
      found.push(group);
    };
    const onBucket = (bucket: Bucket<Group<S>>): void => {
      if (bucket.lastRound === round) return;
      bucket.lastRound = round;
      bucket.filters.forEach(collect);
      bucket.nested?.probe(event, onBucket);
    };
    this.index.probe(event, onBucket);
    this.unindexed.forEach(collect);
    return found;
  }

  private addGroup(canonical: CanonicalFilter): Group<S> {
    const keys = presearchKeysOf(canonical.condition);
    const group = new Group<S>(canonical, keys?.isExact ?? false);
    this.groups.set(group.key, group);
    if (keys === null) this.unindexed.add(group);
    else this.index.add(keys.keyPaths, group);
    if (keys !== null && isInexact(keys)) this.inexact += 1;
    return group;
  }

  private removeGroup(group: Group<S>): void {
    // Computed again instead of stored: the keys cost more memory than time.
    const keys = presearchKeysOf(group.filter);
    this.groups.delete(group.key);
    if (keys === null) this.unindexed.delete(group);
    else this.index.remove(keys.keyPaths, group);
    if (keys !== null && isInexact(keys)) this.inexact -= 1;
  }
}

class Group<S> implements FilterGroup<S> {
  readonly filter: Condition;
  readonly key: string;
  /** The subscribers, by the function that removes them. */
  readonly members = new Map<() => void, S>();
  lastRound = 0;

  constructor(
    { condition, key }: CanonicalFilter,
    readonly isExact: boolean,
  ) {
    this.filter = condition;
    this.key = key;
  }

  matches(event: StoredEvent): boolean {
    return this.isExact || matches(this.filter, event);
  }

  get subscribers(): Iterable<S> {
    return this.members.values();
  }
}

function isInexact({ keyPaths: [first = []] }: PresearchKeys): boolean {
  return first.some(({ by }) => by !== 'value');
}
