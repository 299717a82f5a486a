import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { matches } from '../../filter/matches.ts';
import { canonicalFilter, type CanonicalFilter } from '../../filter/canonical-filter.ts';
import type { Bucket } from './value-index.ts';
import { filingOf, type Filing } from './presearch-keys.ts';
import { FilingIndex } from './filter-index.ts';

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
export interface MatcherSizes {
  readonly exact: number;
  /** Filed under what texts begin with, or under what an event merely has; found by more events than those that match. */
  readonly loose: number;
  /** Checked one by one on every event. */
  readonly unfiled: number;
}

/**
 * Which filters an event matches, for as many filters as there are subscribers.
 *
 * Promises what a loop over all filters with `matches` would find, each group once, in no particular order, while
 * looking only at filters that share a value with the event (`filing`) and at those that cannot be filed. Adding and
 * removing are as fast as a filter is long. Does not promise speed for filters that differ in nothing but what cannot be
 * filed: negations, ranges, texts.
 */
export class Matcher<S> {
  private readonly groups = new Map<string, Group<S>>();
  private readonly filed = new FilingIndex<Group<S>>();
  private readonly unfiled = new Set<Group<S>>();
  private loose = 0;
  /** Counts events, to tell the groups and buckets that this event came across already. */
  private round = 0;

  get sizes(): MatcherSizes {
    const { loose, unfiled } = this;
    return { exact: this.groups.size - loose - unfiled.size, loose, unfiled: unfiled.size };
  }

  /** Adds a subscriber; what comes back removes it again, also when called twice. */
  add(filter: Condition, subscriber: S): () => void {
    const canonical = canonicalFilter(filter);
    const group = this.groups.get(canonical.key) ?? this.open(canonical);
    const remove = (): void => {
      if (group.members.delete(remove) && group.members.size === 0) this.close(group);
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
    const check = (group: Group<S>): void => {
      if (group.seen === round) return;
      group.seen = round;
      found.push(group);
    };
    const show = (bucket: Bucket<Group<S>>): void => {
      if (bucket.seen === round) return;
      bucket.seen = round;
      bucket.filters.forEach(check);
      bucket.within?.probe(event, show);
    };
    this.filed.probe(event, show);
    this.unfiled.forEach(check);
    return found;
  }

  private open(canonical: CanonicalFilter): Group<S> {
    const filing = filingOf(canonical.condition);
    const group = new Group<S>(canonical, filing?.proves ?? false);
    this.groups.set(group.key, group);
    if (filing === null) this.unfiled.add(group);
    else this.filed.add(filing.ways, group);
    if (filing !== null && isLoose(filing)) this.loose += 1;
    return group;
  }

  private close(group: Group<S>): void {
    // Found anew rather than kept: a filing takes more memory than time.
    const filing = filingOf(group.filter);
    this.groups.delete(group.key);
    if (filing === null) this.unfiled.delete(group);
    else this.filed.remove(filing.ways, group);
    if (filing !== null && isLoose(filing)) this.loose -= 1;
  }
}

class Group<S> implements FilterGroup<S> {
  readonly filter: Condition;
  readonly key: string;
  /** By what removes them. */
  readonly members = new Map<() => void, S>();
  seen = 0;

  constructor(
    { condition, key }: CanonicalFilter,
    /** Whether an event that it was filed for matches without a further check. */
    private readonly isProved: boolean,
  ) {
    this.filter = condition;
    this.key = key;
  }

  matches(event: StoredEvent): boolean {
    return this.isProved || matches(this.filter, event);
  }

  get subscribers(): Iterable<S> {
    return this.members.values();
  }
}

function isLoose({ ways: [first = []] }: Filing): boolean {
  return first.some(({ by }) => by !== 'value');
}
