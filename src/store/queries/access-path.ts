import { pruningPredicateOf } from '../../skip-index/prune-filter.ts';
import type { PruningPredicate } from '../../skip-index/pruning-predicate.ts';
import { type Condition, type EventQuery, conjunctsOf } from '../../filter/filter.ts';

/**
 * How the events of a selection are found. All ways give the same events; they differ in what they need not look at.
 *   ids      through event_ids
 *   follows  through events_by_follows
 *   digests  by looking only where a digest says that a match may be, and at what has no digest yet; where nothing in the
 *            filter says so, at all, one stretch after the other
 *   walk     in order, where nothing is asked but the order and its bounds
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
