/**
 * FNV-1a over UTF-16 code units, then the finalizer of MurmurHash3; a signed 32-bit integer, as Postgres has them. In steps,
 * since the hashes of many texts begin with the same parts: this is the state behind some.
 */
export function stateAfter(...parts: readonly string[]): number {
  return parts.reduce((state, part) => stateBehind(state, part, part.length), seed);
}

/** The hash whose last part is the beginning of a text, of this length. */
export function hashOf(state: number, text: string, length = text.length): number {
  let h = stateBehind(state, text, length);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

function stateBehind(state: number, text: string, length: number): number {
  let h = state;
  for (let at = 0; at < length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), prime);
  return Math.imul(h ^ 0xffff, prime); // U+FFFF ends a part
}

const seed = 0x811c9dc5;
const prime = 0x01000193;
