/** The number of characters (Unicode code points) in a text, or any number above `limit` when it has more. */
export function lengthUpTo(limit: number, text: string): number {
  if (text.length <= limit) return text.length; // there are never more code points than code units
  let count = 0;
  for (const _ of text) if (++count > limit) break;
  return count;
}

/** Why a text cannot be stored in the database, or null when it can. */
export function unstorableReason(text: string): string | null {
  if (text.includes('\0')) return 'the character U+0000, which cannot be stored';
  if (!text.isWellFormed()) return 'a lone surrogate, which is no Unicode text';
  return null;
}

/**
 * Orders two texts by code point, as bytes of UTF-8 are ordered: below zero when `a` comes first. JavaScript's own order
 * is by UTF-16 code unit, in which characters beyond the BMP come before those from U+E000 on.
 */
export function compareCodePoints(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  // Within a surrogate pair the difference is that of the whole characters, since their first halves are equal.
  return codeUnitRank(a, at) - codeUnitRank(b, at);
}

/** Places a code unit where its code point is: surrogates after everything else, the end of the text first. */
function codeUnitRank(text: string, at: number): number {
  if (at >= text.length) return -1;
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Compares two texts by code points, as a database does under the collation "C"; JavaScript's `<` compares code units. */
export function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The least text behind all that begin with `prefix`, by code points; null: there is none. `prefix` is well-formed. */
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
