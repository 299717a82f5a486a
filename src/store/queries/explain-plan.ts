import { pruningPredicateOf } from '../../skip-index/prune-filter.ts';
import { prunesNothing } from '../../skip-index/pruning-predicate.ts';
import { describeFilter } from '../../filter/explain/describe-filter.ts';
import { type Condition, conjunctsOf } from '../../filter/filter.ts';
import { indexConditionOf } from '../filter-sql/index-condition.ts';
import { accessPathOf } from './access-path.ts';

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
      const found = split(conjuncts, 'events_by_content', (conjunct) => indexConditionOf(conjunct) !== null);
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
