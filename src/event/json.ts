/** Whether two JSON values are equal: numbers as numbers, objects whatever the order of their keys. */
export function jsonEquals(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, index) => jsonEquals(each, b[index]));
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && jsonEquals((a as JsonRecord)[key], (b as JsonRecord)[key]))
  );
}

/**
 * Orders two texts by code point, as bytes of UTF-8 are ordered: below zero when `a` comes first. JavaScript's own order
 * is by UTF-16 code unit, in which characters beyond the BMP come before those from U+E000 on.
 */
export function compareCodePoints(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  // Within a surrogate pair the difference is that of the whole characters, since their first halves are equal.
  return rank(a, at) - rank(b, at);
}

type JsonRecord = Readonly<Record<string, unknown>>;

/** Places a code unit where its code point is: surrogates after everything else, the end of the text first. */
function rank(text: string, at: number): number {
  if (at >= text.length) return -1;
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
