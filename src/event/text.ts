/**
 * The number of characters (Unicode code points) in a text, or some number above `limit` if it has
 * more.
 */
export function lengthUpTo(limit: number, text: string): number {
  if (text.length <= limit) return text.length; // within the limit even if every code unit is a code point
  let count = 0;
  for (const _ of text) if (++count > limit) break;
  return count;
}

/** Why the database cannot store a text, or null if it can. */
export function unstorableReason(text: string): string | null {
  if (text.includes('\0')) return 'the character U+0000, which cannot be stored';
  if (!text.isWellFormed()) return 'a lone surrogate, which is not Unicode text';
  return null;
}

/**
 * Compares two texts by code point, which is the order of their UTF-8 bytes and of the database's
 * collation "C". Negative if `a` comes first. JavaScript's `<` compares UTF-16 code units, which
 * puts characters beyond the BMP before U+E000.
 */
export function compareCodePoints(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  // Native code compares long equal parts in a tenth of the time.
  for (let length = end < minSliceLength ? 1 : maxSliceLength; length >= minSliceLength; length /= 8)
    while (at + length <= end && a.slice(at, at + length) === b.slice(at, at + length)) at += length;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  // Within a surrogate pair the first halves are equal, so the second halves order the characters.
  return codeUnitRank(a, at) - codeUnitRank(b, at);
}

/** Sorts a list that may be long by code point, in steps. */
export function* sortedInSteps(texts: readonly string[]): Generator<undefined, readonly string[]> {
  let lists: (readonly string[])[] = [];
  for (let from = 0; from < texts.length || from === 0; from += maxSortedAtOnce) {
    if (from > 0) yield;
    lists.push(texts.slice(from, from + maxSortedAtOnce).toSorted(compareCodePoints));
  }
  while (lists.length > 1) {
    const merged: (readonly string[])[] = [];
    for (let index = 0; index < lists.length; index += 2) merged.push(yield* mergedInSteps(lists[index] ?? [], lists[index + 1] ?? []));
    lists = merged;
  }
  return lists[0] ?? [];
}

function* mergedInSteps(a: readonly string[], b: readonly string[]): Generator<undefined, readonly string[]> {
  if (b.length === 0) return a;
  const merged: string[] = [];
  let [atA, atB] = [0, 0];
  while (merged.length < a.length + b.length) {
    const [nextA, nextB] = [a[atA], b[atB]];
    if (nextA !== undefined && (nextB === undefined || compareCodePoints(nextA, nextB) <= 0)) {
      merged.push(nextA);
      atA += 1;
    } else if (nextB !== undefined) {
      merged.push(nextB);
      atB += 1;
    }
    if (merged.length % maxSortedAtOnce === 0) yield;
  }
  return merged;
}

/** The rank of a code unit by its code point: surrogates are last, the end of the text is first. */
function codeUnitRank(text: string, at: number): number {
  if (at >= text.length) return -1;
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * The least text, by code point, above every text that begins with `prefix`; null if there is none.
 * Assumes a well-formed prefix.
 */
export function prefixSuccessor(prefix: string): string | null {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point < maxCodePoint) return points.join('') + String.fromCodePoint(point + 1 === firstSurrogate ? afterSurrogates : point + 1);
  }
  return null;
}

/** Sorting as many short texts takes less than a millisecond. */
const maxSortedAtOnce = 1024;
const [maxSliceLength, minSliceLength] = [4096, 64];
const maxCodePoint = 0x10ffff;
const firstSurrogate = 0xd800;
const afterSurrogates = 0xe000;
