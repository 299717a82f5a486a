/**
 * The longest prefix of `prefix` for which every name, or every id, that starts with `prefix` has a
 * term.
 */
export function longestPrefixTerm(prefix: string, field: PrefixField): string | null {
  const longest = Math.max(0, ...prefixLengthsOf(prefix, field));
  return longest === 0 ? null : prefix.slice(0, longest);
}

/**
 * The prefix for which a label's value that starts with `prefix` has Bloom keys; null if `prefix`
 * is too short.
 */
export function labelPrefixOf(prefix: string): string | null {
  return prefix.length < labelPrefixLength ? null : prefix.slice(0, labelPrefixLength);
}

/** The kind of an id: its first segments, which all ids of one kind share. */
export function kindOf(id: string): string {
  return id.slice(0, kindLength(id));
}

export function kindLength(id: string): number {
  return boundariesIn(id, kindSegments).at(-1) ?? 0;
}

/**
 * The lengths of the prefixes that have terms: up to the end of each of the first segments, and 3
 * characters further. Names are few, so theirs also end in between. The prefix terms of a text do
 * not depend on what follows, so a search for a prefix can compute them.
 */
export function prefixLengthsOf(text: string, field: PrefixField): readonly number[] {
  const lengths: number[] = [];
  for (const end of boundariesIn(text, maxPrefixSegments)) {
    for (const extra of extraLengths[field]) if (end + extra > 0 && end + extra <= text.length) lengths.push(end + extra);
  }
  return lengths;
}

export type PrefixField = 'name' | 'id';

/** 0, and the ends of the first segments of a text. */
function boundariesIn(text: string, maxBoundaries: number): readonly number[] {
  const ends = [0];
  for (let index = 0; index < text.length && ends.length <= maxBoundaries; index += 1)
    if (isBoundary(text.charCodeAt(index))) ends.push(index + 1);
  return ends;
}

function isBoundary(unit: number): boolean {
  return unit === 0x2e || unit === 0x2f || unit === 0x3a; // . / :
}

/** The characters of a label's value that have Bloom keys. */
export const labelPrefixLength = 2;
const maxPrefixSegments = 3;
const kindSegments = 2;
const extraLengths = { name: [0, 1, 2, 3], id: [0, 3] } as const;
