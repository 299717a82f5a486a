import { pruningPredicateOf } from '../../skip-index/prune-filter.ts';
import { prunesNothing } from '../../skip-index/pruning-predicate.ts';
import { describeFilter } from '../../filter/explain/describe-filter.ts';
import { type Condition, conjunctsOf } from '../../filter/filter.ts';
import { usesTermIndex } from '../skip-index/pruning-sql.ts';
import { accessPathOf } from './access-path.ts';

/** How the events of a filter are found, for people. */
export interface FilterPlan {
  /** The parts that lead to the events, in words; none: all are looked at, in order. */
  readonly indexConditions: readonly string[];
  readonly index: string;
  /** The parts that tell the events found so, in words. */
  readonly filter: readonly string[];
}

/** Explains how the newest events that match are found. */
export function explainPlan(filter: Condition): FilterPlan {
  const conjuncts = conjunctsOf(filter);
  const accessPath = accessPathOf({ filter, order: 'NEWEST_FIRST' });
  switch (accessPath.kind) {
    case 'ids':
      return split(conjuncts, 'event_ids', (conjunct) => conjunct.kind === 'oneOf' && conjunct.field === 'id');
    case 'follows':
      return split(conjuncts, 'events_by_follows', (conjunct) => conjunct.kind === 'oneOf' && conjunct.field === 'follows');
    case 'blockScan': {
      const found = split(conjuncts, 'digests_by_terms', (conjunct) => usesTermIndex(pruningPredicateOf(conjunct)));
      if (found.indexConditions.length > 0) return found;
      return split(conjuncts, 'digests_by_last_occurred', (conjunct) => !prunesNothing(pruningPredicateOf(conjunct)));
    }
    case 'orderedScan':
      return split(conjuncts, 'events_by_occurred', (conjunct) => conjunct.kind === 'during' && conjunct.field === 'occurred');
    default:
      return accessPath satisfies never;
  }
}

function split(conjuncts: readonly Condition[], index: string, usesIndex: (conjunct: Condition) => boolean): FilterPlan {
  return {
    indexConditions: conjuncts.filter(usesIndex).map(describeFilter),
    index,
    filter: conjuncts.filter((conjunct) => !usesIndex(conjunct)).map(describeFilter),
  };
}
