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
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  // Within a surrogate pair the first halves are equal, so the second halves order the characters.
  return codeUnitRank(a, at) - codeUnitRank(b, at);
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

const maxCodePoint = 0x10ffff;
const firstSurrogate = 0xd800;
const afterSurrogates = 0xe000;
