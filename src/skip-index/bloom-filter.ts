import { fold } from '../filter/case-folding.ts';

/**
 * The hashes that the Bloom filter of any text containing `text` has: all, or the most selective
 * ones. The first few are of all parts of the text, since its beginning can be that of many texts.
 */
export function ngramHashesOf(text: string): readonly number[] {
  const folded = fold(text);
  const hashes: number[] = [];
  for (let length = maxNgramLength; length >= minNgramLength; length -= 1) {
    for (const start of startsInOrder) {
      for (let at = start; at + length <= folded.length; at += startsInOrder.length) hashes.push(ngramHash(folded.slice(at, at + length)));
    }
  }
  return hashes.slice(0, maxNgramHashes);
}

/** The hashes that the Bloom filter of any event with a label of this key has: two, since one bit excludes little. */
export function labelKeyHashes(label: string): readonly number[] {
  const hash = mix(hashText(labelKeyStart, label));
  return [hash, mix(hash + 1)];
}

/**
 * The hashes that the Bloom filter of any event has in which a related resource has this role and this
 * id. The index of the events cannot combine the two.
 */
export function roleIdHashes(role: string, id: string): readonly number[] {
  return roleStates(role).map((state) => roleIdHash(state, id));
}

/** What the hashes of one role have in common. */
export function roleStates(role: string): readonly number[] {
  return ['0', '1', '2'].map((n) => [n, 'part', role].reduce((state, part) => endPart(hashText(state, part)), roleIdStart));
}

export function roleIdHash(roleState: number, id: string): number {
  return mix(endPart(hashText(roleState, id)));
}

function endPart(state: number): number {
  return Math.imul(state ^ 0xffff, 0x01000193); // U+FFFF ends a part
}

/** Whether a Bloom filter has the bit of a hash. */
export function hasBit(bloom: Uint8Array, hash: number): boolean {
  const bit = bitPositionOf(hash) % (bloom.length * 8);
  return ((bloom[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

/** The bit of a hash in the largest Bloom filter; in a smaller one, modulo its number of bits. */
export function bitPositionOf(hash: number): number {
  return hash & (maxBits - 1);
}

export function ngramStep(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193) ^ (hash >>> 15);
}

/** The finalizer of MurmurHash3. */
export function mix(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

function ngramHash(ngram: string): number {
  let h = ngramSeed;
  for (let at = 0; at < ngram.length; at += 1) h = ngramStep(h, ngram.charCodeAt(at));
  return mix(h + ngram.length);
}

/** FNV-1a over UTF-16 code units. */
export function hashText(seed: number, text: string): number {
  let h = seed;
  for (let at = 0; at < text.length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return h;
}

export const ngramSeed = 0x9e3779b9 | 0;
const labelKeyStart = 0x9747b28c | 0;
const roleIdStart = 0x811c9dc5;
/** N-grams are runs of UTF-16 code units. Longer ones are more selective. */
export const maxNgramLength = 4;
export const minNgramLength = 2;
/** N-grams that overlap little come first: where one is found, its neighbour often is, too. */
const startsInOrder = [0, 2, 1, 3];
/** N-grams of one text that are tested, the longest first. More would cost more than they save. */
const maxNgramHashes = 16;
/** Bits of the largest Bloom filter: 64 KiB, whatever the events contain. */
export const maxBits = 1 << 19;
