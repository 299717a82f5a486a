import type { BlockSummary } from './block-summary.ts';
import type { TimeField } from '../filter/filter.ts';
import { anyTerm, type Term } from './terms.ts';
import type { Instant } from '../event/instant.ts';
import { hasBit } from './bloom-filter.ts';

/**
 * What a digest must have if one of its events is to match a filter. It may be met without; it may never be missed:
 * `passes(digestTestOf(filter), digest)` holds for the digest of every event that matches. Two readings, here in memory
 * and in store/digest-sql.
 */
export type PruningPredicate =
  | { readonly kind: 'all'; readonly of: readonly PruningPredicate[] }
  | { readonly kind: 'any'; readonly of: readonly PruningPredicate[] }
  /** At least one of these terms is there. */
  | { readonly kind: 'terms'; readonly terms: readonly Term[] }
  /** The signature has the bits of all these hashes. `asked` last: only of digests that pass otherwise; first: chapters have them, too. */
  | { readonly kind: 'bloom'; readonly hashes: readonly number[]; readonly stage: 'coarse' | 'fine' }
  /** Some instant from `since` until `until`, exclusive, lies within the times of the digest. */
  | { readonly kind: 'during'; readonly field: TimeField; readonly since?: Instant; readonly until?: Instant };

/** Passed by every digest, so that looking at digests saves nothing. */
export function prunesNothing(predicate: PruningPredicate): boolean {
  return predicate.kind === 'all' && predicate.of.length === 0;
}

/** The reading in memory. */
export function mayMatch(predicate: PruningPredicate, summary: BlockSummary): boolean {
  switch (predicate.kind) {
    case 'all':
      return predicate.of.every((each) => mayMatch(each, summary));
    case 'any':
      return predicate.of.some((each) => mayMatch(each, summary));
    case 'terms':
      return [anyTerm, ...predicate.terms].some((term) => summary.terms.includes(term));
    case 'bloom':
      return predicate.hashes.every((hash) => hasBit(summary.bloom, hash));
    case 'during': {
      const [first, last] =
        predicate.field === 'occurred' ? [summary.firstOccurred, summary.lastOccurred] : [summary.firstReceived, summary.lastReceived];
      return (predicate.since === undefined || last >= predicate.since) && (predicate.until === undefined || first < predicate.until);
    }
    default:
      return predicate satisfies never;
  }
}

/** What the chapter of a digest that passes must have: the bits, and nothing else. */
export function rowGroupPredicateOf(predicate: PruningPredicate): PruningPredicate {
  switch (predicate.kind) {
    case 'all':
      return allOf(predicate.of.map(rowGroupPredicateOf));
    case 'any':
      return anyOf(predicate.of.map(rowGroupPredicateOf));
    case 'bloom':
      return predicate.stage === 'coarse' ? bloomPredicate(predicate.hashes.slice(0, maxRowGroupHashes)) : always;
    case 'terms':
    case 'during':
      return always;
    default:
      return predicate satisfies never;
  }
}

/** What is asked last of a digest, and what is before; who passes both passes the test. */
export function coarseToFine(predicate: PruningPredicate): { readonly coarse: PruningPredicate; readonly fine: PruningPredicate } {
  switch (predicate.kind) {
    case 'all': {
      const of = predicate.of.map(coarseToFine);
      return { coarse: allOf(of.map(({ coarse }) => coarse)), fine: allOf(of.map(({ fine }) => fine)) };
    }
    case 'any': {
      const of = predicate.of.map(coarseToFine);
      // What would pass by one alternative's first half and another one's second must be asked for once more, whole.
      return of.every(({ fine }) => prunesNothing(fine))
        ? { coarse: predicate, fine: always }
        : { coarse: anyOf(of.map(({ coarse }) => coarse)), fine: predicate };
    }
    case 'bloom':
      return predicate.stage === 'fine' ? { coarse: always, fine: predicate } : { coarse: predicate, fine: always };
    case 'terms':
    case 'during':
      return { coarse: predicate, fine: always };
    default:
      return predicate satisfies never;
  }
}

/** Passed by every digest. */
export const always: PruningPredicate = { kind: 'all', of: [] };

export function bloomPredicate(hashes: readonly number[]): PruningPredicate {
  return hashes.length === 0 ? always : { kind: 'bloom', hashes, stage: 'coarse' };
}

export function allOf(predicates: readonly PruningPredicate[]): PruningPredicate {
  const of = predicates.flatMap((predicate) => (predicate.kind === 'all' ? predicate.of : [predicate]));
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
}

export function anyOf(predicates: readonly PruningPredicate[]): PruningPredicate {
  if (predicates.some(prunesNothing)) return always;
  const terms = predicates.flatMap((predicate) => (predicate.kind === 'terms' ? predicate.terms : []));
  const others = predicates.flatMap((predicate) =>
    predicate.kind === 'terms' ? [] : predicate.kind === 'any' ? predicate.of : [predicate],
  );
  const of: readonly PruningPredicate[] = terms.length === 0 ? others : [{ kind: 'terms', terms }, ...others];
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'any', of };
}

/** Hashes of one text that a chapter is asked for: these few tell enough. */
const maxRowGroupHashes = 4;
