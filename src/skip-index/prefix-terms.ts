/** The longest beginning of `prefix` that every name, or every id, that starts with it has a term for. */
export function longestPrefixTerm(prefix: string, field: PrefixField): string | null {
  const longest = Math.max(0, ...prefixLengthsOf(prefix, field));
  return longest === 0 ? null : prefix.slice(0, longest);
}

/** What the value of a label that is no id has marks for, if it starts with `prefix`. */
export function labelPrefixOf(prefix: string): string | null {
  return prefix.length < labelPrefixLength ? null : prefix.slice(0, labelPrefixLength);
}

/** What ids of one kind begin with, whatever they go on with. */
export function kindOf(id: string): string {
  return id.slice(0, kindLength(id));
}

export function kindLength(id: string): number {
  return boundariesIn(id, kindSegments).at(-1) ?? 0;
}

/**
 * How long the beginnings are that have terms: up to behind each of the first parts and a little further; of names, which are
 * few, also in between. A text's cuts are the same whatever follows, which is what makes them good for prefixes.
 */
export function prefixLengthsOf(text: string, field: PrefixField): readonly number[] {
  const lengths: number[] = [];
  for (const end of boundariesIn(text, maxPrefixSegments)) {
    for (const extra of extraLengths[field]) if (end + extra > 0 && end + extra <= text.length) lengths.push(end + extra);
  }
  return lengths;
}

/** What is cut. */
export type PrefixField = 'name' | 'id';

/** 0, and where the first parts of a text end. */
function boundariesIn(text: string, maxBoundaries: number): readonly number[] {
  const ends = [0];
  for (let index = 0; index < text.length && ends.length <= maxBoundaries; index += 1)
    if (isBoundary(text.charCodeAt(index))) ends.push(index + 1);
  return ends;
}

function isBoundary(unit: number): boolean {
  return unit === 0x2e || unit === 0x2f || unit === 0x3a; // . / :
}

/** The marked beginning of a label's value has so many characters. */
export const labelPrefixLength = 2;
const maxPrefixSegments = 3;
const kindSegments = 2;
const extraLengths = { name: [0, 1, 2, 3], id: [0, 3] } as const;
