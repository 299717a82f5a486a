/** Compares two texts by code points, as a database does under the collation "C"; JavaScript's `<` compares code units. */
export function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The least text behind all that begin with `prefix`, by code points; null: there is none. `prefix` is well-formed. */
export function behindPrefix(prefix: string): string | null {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point < highestPoint) return points.join('') + String.fromCodePoint(point + 1 === firstSurrogate ? behindSurrogates : point + 1);
  }
  return null;
}

const highestPoint = 0x10ffff;
const firstSurrogate = 0xd800;
const behindSurrogates = 0xe000;
