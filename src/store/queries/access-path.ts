import { labelKeys } from '../../event/event.ts';
import { describeFilter } from '../../filter/explain/describe-filter.ts';
import { conjunctsOf, type Condition, type EventQuery, type ResourceTest } from '../../filter/filter.ts';
import { pruningPredicateOf } from '../../skip-index/prune-filter.ts';
import { prunesNothing, type PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { indexConditionOf } from '../filter-sql/index-condition.ts';

/**
 * How a query finds its events. All access paths return the same events; they differ in what they
 * skip.
 *   ids          through event_ids
 *   follows      through events_by_follows
 *   blockScan    in order among the events of one resource, through the content index, or by reading
 *                the blocks whose summary may match, and unindexed events; if the filter
 *                cannot prune, all blocks
 *   orderedScan  in order, for a filter that has at most the bounds of that order
 */
export type AccessPath =
  | { readonly kind: 'ids' }
  | { readonly kind: 'follows' }
  | { readonly kind: 'blockScan'; readonly predicate: PruningPredicate }
  | { readonly kind: 'orderedScan' };

export function accessPathOf({ filter, order }: EventQuery): AccessPath {
  const conjuncts = conjunctsOf(filter);
  const has = (field: string): boolean => conjuncts.some((each) => each.kind === 'oneOf' && each.field === field);
  if (has('id')) return { kind: 'ids' };
  if (has('follows')) return { kind: 'follows' };
  return conjuncts.every((each) => order !== 'LOG' && isTimeBound(each))
    ? { kind: 'orderedScan' }
    : { kind: 'blockScan', predicate: pruningPredicateOf(filter) };
}

/** The only primary resource that matches can have; null: there may be several. */
export function primaryResourceOf(filter: Condition): string | null {
  for (const each of conjunctsOf(filter)) {
    const id = each.kind === 'resource' && each.among === 'primary' ? idOf(each.passes) : null;
    if (id !== null) return id;
  }
  return null;
}

function idOf(test: ResourceTest): string | null {
  if (test.kind === 'all') return test.of.map(idOf).find((id) => id !== null) ?? null;
  return test.kind === 'oneOf' && test.label === labelKeys.id && test.values.length === 1 ? (test.values[0] ?? null) : null;
}

/** Whether a condition only bounds the order of time. */
export function isTimeBound(condition: Condition): boolean {
  return condition.kind === 'during' && condition.field === 'occurred';
}

/** How a query finds the events of a filter, as text. */
export interface FilterPlan {
  /** The conditions that the index serves; empty: all events are scanned, in order. */
  readonly indexConditions: readonly string[];
  readonly index: string;
  /** The conditions that are tested on each event found. */
  readonly filter: readonly string[];
}

/** Explains how a query finds the newest matching events. */
export function explainPlan(filter: Condition): FilterPlan {
  const conjuncts = conjunctsOf(filter);
  const accessPath = accessPathOf({ filter, order: 'NEWEST_FIRST' });
  switch (accessPath.kind) {
    case 'ids':
      return split(conjuncts, 'event_ids', (conjunct) => conjunct.kind === 'oneOf' && conjunct.field === 'id');
    case 'follows':
      return split(conjuncts, 'events_by_follows', (conjunct) => conjunct.kind === 'oneOf' && conjunct.field === 'follows');
    case 'blockScan': {
      const served = conjuncts.filter(isServed);
      if (served.length === 1 && primaryResourceOf(filter) !== null)
        return split(conjuncts, 'events_by_resource', (conjunct) => isServed(conjunct) || isTimeBound(conjunct));
      if (served.length > 0) return split(conjuncts, 'events_by_content', isServed);
      return split(conjuncts, 'digests_by_last_occurred', (conjunct) => !prunesNothing(pruningPredicateOf(conjunct)));
    }
    case 'orderedScan':
      return split(conjuncts, 'events_by_occurred', isTimeBound);
    default:
      return accessPath satisfies never;
  }
}

function isServed(condition: Condition): boolean {
  return indexConditionOf(condition) !== null;
}

function split(conjuncts: readonly Condition[], index: string, usesIndex: (conjunct: Condition) => boolean): FilterPlan {
  return {
    indexConditions: conjuncts.filter(usesIndex).map(describeFilter),
    index,
    filter: conjuncts.filter((conjunct) => !usesIndex(conjunct)).map(describeFilter),
  };
}
