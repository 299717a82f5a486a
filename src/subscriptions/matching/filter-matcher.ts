import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { matches } from '../../filter/matches.ts';
import { canonicalFilter, type CanonicalFilter } from '../../filter/canonical-filter.ts';
import type { Bucket } from './value-index.ts';
import { presearchKeysOf, type PresearchKeys } from './presearch-keys.ts';
import { FilterIndex } from './filter-index.ts';

/** Equal filters, held once: what is done for one of their subscribers is done for all. */
export interface FilterGroup<S> {
  /** In canonical form. */
  readonly filter: Condition;
  /** Of the canonical form: the same for equal filters. */
  readonly key: string;
  /** In the order in which they came; one that was added twice is there twice. */
  readonly subscribers: Iterable<S>;
  /** Whether this event, for which it is a candidate, matches. */
  matches(event: StoredEvent): boolean;
}

/** Numbers of distinct filters. */
export interface FilterCounts {
  readonly exact: number;
  /** Filed under what texts begin with, or under what an event merely has; found by more events than those that match. */
  readonly inexact: number;
  /** Checked one by one on every event. */
  readonly none: number;
}

/**
 * Which filters an event matches, for as many filters as there are subscribers.
 *
 * Promises what a loop over all filters with `matches` would find, each group once, in no particular order, while
 * looking only at filters that share a value with the event (`filing`) and at those that cannot be filed. Adding and
 * removing are as fast as a filter is long. Does not promise speed for filters that differ in nothing but what cannot be
 * filed: negations, ranges, texts.
 */
export class FilterMatcher<S> {
  private readonly groups = new Map<string, Group<S>>();
  private readonly index = new FilterIndex<Group<S>>();
  private readonly unindexed = new Set<Group<S>>();
  private inexact = 0;
  /** Counts events, to tell the groups and buckets that this event came across already. */
  private round = 0;

  get filterCounts(): FilterCounts {
    const { inexact, unindexed } = this;
    return { exact: this.groups.size - inexact - unindexed.size, inexact, none: unindexed.size };
  }

  /** Adds a subscriber; what comes back removes it again, also when called twice. */
  add(filter: Condition, subscriber: S): () => void {
    const canonical = canonicalFilter(filter);
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

  /** Those groups that may match; the others do not. */
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
    // Found anew rather than kept: a filing takes more memory than time.
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
  /** By what removes them. */
  readonly members = new Map<() => void, S>();
  lastRound = 0;

  constructor(
    { condition, key }: CanonicalFilter,
    /** Whether an event that it was filed for matches without a further check. */
    private readonly isExact: boolean,
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
