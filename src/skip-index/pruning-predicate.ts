import type { Digest } from './block-summary.ts';
import type { TimeField } from '../filter/filter.ts';
import { anyTerm, type Term } from './terms.ts';
import type { Instant } from '../event/instant.ts';
import { hasBit } from './bloom-filter.ts';

/**
 * What a digest must have if one of its events is to match a filter. It may be met without; it may never be missed:
 * `passes(digestTestOf(filter), digest)` holds for the digest of every event that matches. Two readings, here in memory
 * and in store/digest-sql.
 */
export type DigestTest =
  | { readonly kind: 'all'; readonly of: readonly DigestTest[] }
  | { readonly kind: 'any'; readonly of: readonly DigestTest[] }
  /** At least one of these terms is there. */
  | { readonly kind: 'terms'; readonly some: readonly Term[] }
  /** The signature has the bits of all these hashes. `asked` last: only of digests that pass otherwise; first: chapters have them, too. */
  | { readonly kind: 'bits'; readonly hashes: readonly number[]; readonly asked: 'first' | 'last' }
  /** Some instant from `since` until `until`, exclusive, lies within the times of the digest. */
  | { readonly kind: 'during'; readonly field: TimeField; readonly since?: Instant; readonly until?: Instant };

/** Passed by every digest, so that looking at digests saves nothing. */
export function isIdle(test: DigestTest): boolean {
  return test.kind === 'all' && test.of.length === 0;
}

/** The reading in memory. */
export function passes(test: DigestTest, digest: Digest): boolean {
  switch (test.kind) {
    case 'all':
      return test.of.every((each) => passes(each, digest));
    case 'any':
      return test.of.some((each) => passes(each, digest));
    case 'terms':
      return [anyTerm, ...test.some].some((term) => digest.terms.includes(term));
    case 'bits':
      return test.hashes.every((hash) => hasBit(digest.signature, hash));
    case 'during': {
      const [first, last] =
        test.field === 'occurred' ? [digest.firstOccurred, digest.lastOccurred] : [digest.firstReceived, digest.lastReceived];
      return (test.since === undefined || last >= test.since) && (test.until === undefined || first < test.until);
    }
    default:
      return test satisfies never;
  }
}

/** What the chapter of a digest that passes must have: the bits, and nothing else. */
export function chapterTestOf(test: DigestTest): DigestTest {
  switch (test.kind) {
    case 'all':
      return allOf(test.of.map(chapterTestOf));
    case 'any':
      return anyOf(test.of.map(chapterTestOf));
    case 'bits':
      return test.asked === 'first' ? ofHashes(test.hashes.slice(0, mostOfChapter)) : always;
    case 'terms':
    case 'during':
      return always;
    default:
      return test satisfies never;
  }
}

/** What is asked last of a digest, and what is before; who passes both passes the test. */
export function inTurn(test: DigestTest): { readonly before: DigestTest; readonly last: DigestTest } {
  switch (test.kind) {
    case 'all': {
      const of = test.of.map(inTurn);
      return { before: allOf(of.map(({ before }) => before)), last: allOf(of.map(({ last }) => last)) };
    }
    case 'any': {
      const of = test.of.map(inTurn);
      // What would pass by one alternative's first half and another one's second must be asked for once more, whole.
      return of.every(({ last }) => isIdle(last))
        ? { before: test, last: always }
        : { before: anyOf(of.map(({ before }) => before)), last: test };
    }
    case 'bits':
      return test.asked === 'last' ? { before: always, last: test } : { before: test, last: always };
    case 'terms':
    case 'during':
      return { before: test, last: always };
    default:
      return test satisfies never;
  }
}

/** Passed by every digest. */
export const always: DigestTest = { kind: 'all', of: [] };

export function ofHashes(hashes: readonly number[]): DigestTest {
  return hashes.length === 0 ? always : { kind: 'bits', hashes, asked: 'first' };
}

export function allOf(tests: readonly DigestTest[]): DigestTest {
  const of = tests.flatMap((test) => (test.kind === 'all' ? test.of : [test]));
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
}

export function anyOf(tests: readonly DigestTest[]): DigestTest {
  if (tests.some(isIdle)) return always;
  const some = tests.flatMap((test) => (test.kind === 'terms' ? test.some : []));
  const others = tests.flatMap((test) => (test.kind === 'terms' ? [] : test.kind === 'any' ? test.of : [test]));
  const of: readonly DigestTest[] = some.length === 0 ? others : [{ kind: 'terms', some }, ...others];
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'any', of };
}

/** Hashes of one text that a chapter is asked for: these few tell enough. */
const mostOfChapter = 4;
