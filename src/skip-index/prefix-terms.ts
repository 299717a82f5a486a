/** The longest beginning of `prefix` that every name, or every id, that starts with it has a term for. */
export function longestCut(prefix: string, of: Cut): string | null {
  const longest = Math.max(0, ...cutsOf(prefix, of));
  return longest === 0 ? null : prefix.slice(0, longest);
}

/** What the value of a label that is no id has marks for, if it starts with `prefix`. */
export function labelCut(prefix: string): string | null {
  return prefix.length < valueCut ? null : prefix.slice(0, valueCut);
}

/** What ids of one kind begin with, whatever they go on with. */
export function kindOf(id: string): string {
  return id.slice(0, kindLength(id));
}

export function kindLength(id: string): number {
  return boundariesIn(id, kindParts).at(-1) ?? 0;
}

/**
 * How long the beginnings are that have terms: up to behind each of the first parts and a little further; of names, which are
 * few, also in between. A text's cuts are the same whatever follows, which is what makes them good for prefixes.
 */
export function cutsOf(text: string, of: Cut): readonly number[] {
  const lengths: number[] = [];
  for (const end of boundariesIn(text, mostParts)) {
    for (const more of further[of]) if (end + more > 0 && end + more <= text.length) lengths.push(end + more);
  }
  return lengths;
}

/** What is cut. */
export type Cut = 'name' | 'id';

/** 0, and where the first parts of a text end. */
function boundariesIn(text: string, most: number): readonly number[] {
  const ends = [0];
  for (let at = 0; at < text.length && ends.length <= most; at += 1) if (isBoundary(text.charCodeAt(at))) ends.push(at + 1);
  return ends;
}

function isBoundary(unit: number): boolean {
  return unit === 0x2e || unit === 0x2f || unit === 0x3a; // . / :
}

/** The marked beginning of a label's value has so many characters. */
export const valueCut = 2;
const mostParts = 3;
const kindParts = 2;
const further = { name: [0, 1, 2, 3], id: [0, 3] } as const;
