import type { BlockSummary } from './block-summary.ts';
import type { TimeField } from '../filter/filter.ts';
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
  /** The Bloom filter has the bits of all these hashes. Row groups have them, too, and are tested first. */
  | { readonly kind: 'bloom'; readonly hashes: readonly number[] }
  /** An earlier version built the summary, whose Bloom filter lacks these. */
  | { readonly kind: 'lacks'; readonly content: LaterContent }
  /** The times of the summary overlap the range from `since` to `until`, exclusive. */
  | { readonly kind: 'during'; readonly field: TimeField; readonly since?: Instant; readonly until?: Instant };

/** What Bloom filters have since some version: n-grams of normalized texts, and the keys of labels. */
export type LaterContent = 'normalizedTexts' | 'labelKeys';

/** Whether every summary passes, so that testing summaries saves nothing. */
export function prunesNothing(predicate: PruningPredicate): boolean {
  return predicate.kind === 'all' && predicate.of.length === 0;
}

/** Whether a predicate tests Bloom filters, not only times. */
export function testsBloomFilters(predicate: PruningPredicate): boolean {
  return predicate.kind === 'all' || predicate.kind === 'any' ? predicate.of.some(testsBloomFilters) : predicate.kind !== 'during';
}

/** Evaluates a predicate in memory. */
export function mayMatch(predicate: PruningPredicate, summary: BlockSummary): boolean {
  switch (predicate.kind) {
    case 'all':
      return predicate.of.every((each) => mayMatch(each, summary));
    case 'any':
      return predicate.of.some((each) => mayMatch(each, summary));
    case 'bloom':
      return predicate.hashes.every((hash) => hasBit(summary.bloom, hash));
    case 'lacks':
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

/** What the row group of a passing summary must have. A row group has only a Bloom filter: no times. */
export function rowGroupPredicateOf(predicate: PruningPredicate): PruningPredicate {
  switch (predicate.kind) {
    case 'all':
      return allOf(predicate.of.map(rowGroupPredicateOf));
    case 'any':
      return anyOf(predicate.of.map(rowGroupPredicateOf));
    case 'bloom':
      return bloomPredicate(predicate.hashes.slice(0, maxRowGroupHashes));
    case 'lacks':
      return predicate;
    case 'during':
      return always;
    default:
      return predicate satisfies never;
  }
}

/** What every passing summary must have of times alone, outside of alternatives. */
export function timesOf(predicate: PruningPredicate): PruningPredicate {
  if (predicate.kind === 'all') return allOf(predicate.of.map(timesOf));
  return predicate.kind === 'during' ? predicate : always;
}

/** Every summary passes. */
export const always: PruningPredicate = { kind: 'all', of: [] };

export function bloomPredicate(hashes: readonly number[]): PruningPredicate {
  return hashes.length === 0 ? always : { kind: 'bloom', hashes };
}

export function allOf(predicates: readonly PruningPredicate[]): PruningPredicate {
  const of = predicates.flatMap((predicate) => (predicate.kind === 'all' ? predicate.of : [predicate]));
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
}

export function anyOf(predicates: readonly PruningPredicate[]): PruningPredicate {
  if (predicates.some(prunesNothing)) return always;
  const of = predicates.flatMap((predicate) => (predicate.kind === 'any' ? predicate.of : [predicate]));
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'any', of };
}

/**
 * Hashes of one text that are tested on a row group. More would exclude few further ones, and cost more than that saves where
 * a large Bloom filter is stored out of line.
 */
const maxRowGroupHashes = 8;
