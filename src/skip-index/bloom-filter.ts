import { fold } from '../filter/case-folding.ts';

/** The hashes that the signature of any text containing `part` has: all of them, or the most telling. */
export function ngramHashesOf(text: string): readonly number[] {
  const folded = fold(text);
  const hashes: number[] = [];
  for (let length = maxNgramLength; length >= minNgramLength; length -= 1) {
    for (let at = 0; at + length <= folded.length; at += 1) hashes.push(ngramHash(folded.slice(at, at + length)));
  }
  return hashes.slice(0, maxNgramHashes);
}

/** The hashes that the signature of any payload with this scalar at this path has. */
export function payloadHashes(path: readonly string[], value: unknown): readonly number[] {
  const hash = hashOfValue(path.reduce(pathStep, pathStart), value);
  return [hash, secondHash(hash)];
}

/** Grams: runs of characters (UTF-16 code units). The longer, the more one tells. */
export const maxNgramLength = 4;
export const minNgramLength = 2;
/** Grams of one text that are asked for: more would cost more than they save. */
const maxNgramHashes = 16;
export const ngramSeed = 0x9e3779b9 | 0;
export const pathStart = 0x9747b28c | 0;
/** Bits of a signature at most: 64 KiB of them, whatever an event says. */
export const maxBits = 1 << 19;

function ngramHash(ngram: string): number {
  let h = ngramSeed;
  for (let at = 0; at < ngram.length; at += 1) h = ngramStep(h, ngram.charCodeAt(at));
  return mix(h + ngram.length);
}

export function ngramStep(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193) ^ (hash >>> 15);
}

export function pathStep(path: number, key: string): number {
  return mix(hashText(path, key) ^ 0x2e);
}

export function hashOfValue(path: number, value: unknown): number {
  const state = hashText(path ^ 0x3d, `${typeof value}:`);
  // -0 is 0 to JSON; 1.0 and 1 are the same number already.
  return mix(hashText(state, typeof value === 'string' ? value : String(value === 0 ? 0 : value)));
}

/** A value has two, since it has only these, while a text has many grams. */
export function secondHash(first: number): number {
  return mix(first + 1);
}

function hashText(seed: number, text: string): number {
  let h = seed;
  for (let at = 0; at < text.length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return h;
}

/** The finalizer of MurmurHash3. */
export function mix(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** Where a hash stands in a signature of the widest kind; in a narrower one, at this modulo its bits. */
export function bitPositionOf(hash: number): number {
  return hash & (maxBits - 1);
}

/** Whether a signature has the bit of a hash. */
export function hasBit(bloom: Uint8Array, hash: number): boolean {
  const bit = bitPositionOf(hash) % (bloom.length * 8);
  return ((bloom[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}
