import type { BlockSummary } from './block-summary.ts';
import type { TimeField } from '../filter/filter.ts';
import { anyTerm, type Term } from './terms.ts';
import type { Instant } from '../event/instant.ts';
import { hasBit } from './bloom-filter.ts';

/**
 * What a block summary must have for one of its events to match a filter.
 *
 * Guarantees: `mayMatch(pruningPredicateOf(filter), summary)` holds for the summary of every event
 * that matches.
 * Does not guarantee the converse: a summary can meet the predicate without a matching event.
 *
 * Evaluated in memory here, and in SQL by src/store/skip-index/pruning-sql.ts.
 */
export type PruningPredicate =
  | { readonly kind: 'all'; readonly of: readonly PruningPredicate[] }
  | { readonly kind: 'any'; readonly of: readonly PruningPredicate[] }
  /** The summary has at least one of these terms. */
  | { readonly kind: 'terms'; readonly terms: readonly Term[] }
  /**
   * The Bloom filter has the bits of all these hashes. `coarse`: row groups have them, too, and are
   * tested first. `fine`: tested only on summaries that pass everything else.
   */
  | { readonly kind: 'bloom'; readonly hashes: readonly number[]; readonly stage: 'coarse' | 'fine' }
  /** An earlier version built the summary, without the n-grams of normalized texts. */
  | { readonly kind: 'unnormalized' }
  /** The times of the summary overlap the range from `since` to `until`, exclusive. */
  | { readonly kind: 'during'; readonly field: TimeField; readonly since?: Instant; readonly until?: Instant };

/** Whether every summary passes, so that testing summaries saves nothing. */
export function prunesNothing(predicate: PruningPredicate): boolean {
  return predicate.kind === 'all' && predicate.of.length === 0;
}

/** Evaluates a predicate in memory. */
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
    case 'unnormalized':
      return false; // a summary in memory is one that this version built
    case 'during': {
      const [first, last] =
        predicate.field === 'occurred' ? [summary.firstOccurred, summary.lastOccurred] : [summary.firstReceived, summary.lastReceived];
      return (predicate.since === undefined || last >= predicate.since) && (predicate.until === undefined || first < predicate.until);
    }
    default:
      return predicate satisfies never;
  }
}

/**
 * What the row group of a passing summary must have. A row group has only a Bloom filter: no terms,
 * no times.
 */
export function rowGroupPredicateOf(predicate: PruningPredicate): PruningPredicate {
  switch (predicate.kind) {
    case 'all':
      return allOf(predicate.of.map(rowGroupPredicateOf));
    case 'any':
      return anyOf(predicate.of.map(rowGroupPredicateOf));
    case 'bloom':
      return predicate.stage === 'coarse' ? bloomPredicate(predicate.hashes.slice(0, maxRowGroupHashes)) : always;
    case 'unnormalized':
      return predicate;
    case 'terms':
    case 'during':
      return always;
    default:
      return predicate satisfies never;
  }
}

/**
 * Splits a predicate into a coarse and a fine one. A summary passes the predicate if and only if it
 * passes both.
 */
export function coarseToFine(predicate: PruningPredicate): { readonly coarse: PruningPredicate; readonly fine: PruningPredicate } {
  switch (predicate.kind) {
    case 'all': {
      const of = predicate.of.map(coarseToFine);
      return { coarse: allOf(of.map(({ coarse }) => coarse)), fine: allOf(of.map(({ fine }) => fine)) };
    }
    case 'any': {
      const of = predicate.of.map(coarseToFine);
      // A summary could pass the coarse half of one alternative and the fine half of another: fine
      // is the whole again.
      return of.every(({ fine }) => prunesNothing(fine))
        ? { coarse: predicate, fine: always }
        : { coarse: anyOf(of.map(({ coarse }) => coarse)), fine: predicate };
    }
    case 'bloom':
      return predicate.stage === 'fine' ? { coarse: always, fine: predicate } : { coarse: predicate, fine: always };
    case 'terms':
    case 'during':
    case 'unnormalized':
      return { coarse: predicate, fine: always };
    default:
      return predicate satisfies never;
  }
}

/** The part of a predicate that tests only times, or only terms. A summary that passes the predicate passes it, too. */
export function partOf(predicate: PruningPredicate, kind: 'during' | 'terms'): PruningPredicate {
  if (predicate.kind === 'all') return allOf(predicate.of.map((each) => partOf(each, kind)));
  if (predicate.kind === 'any') return anyOf(predicate.of.map((each) => partOf(each, kind)));
  return predicate.kind === kind ? predicate : always;
}

/** Every summary passes. */
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

/**
 * Hashes of one text that are tested on a row group. More would exclude hardly any further row
 * group.
 */
const maxRowGroupHashes = 4;
