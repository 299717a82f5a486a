import { pruningPredicateOf } from '../../skip-index/prune-filter.ts';
import type { PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { type Condition, type EventQuery, conjunctsOf } from '../../filter/filter.ts';

/**
 * How a query finds its events. All access paths return the same events; they differ in what they
 * skip.
 *   ids          through event_ids
 *   follows      through events_by_follows
 *   blockScan    reads the blocks whose summary may match, and unindexed events; if the filter
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
  const bounds = (each: Condition): boolean => each.kind === 'during' && each.field === 'occurred' && order !== 'LOG';
  return conjuncts.every(bounds) ? { kind: 'orderedScan' } : { kind: 'blockScan', predicate: pruningPredicateOf(filter) };
}
