import type { JsonObject, StoredEvent } from './event.ts';
import { fold } from './case-folding.ts';

/**
 * A signature: which short runs of characters occur anywhere in the texts of some events, whatever the case, and which
 * values their payloads have, as a set of bits (a Bloom filter with one hash). A bit that is missing proves absence.
 * As large as what is in it asks for.
 */
export class SignatureBuilder {
  private readonly words = new Uint32Array(wide / 32);
  /** Events that follow one another share most of their texts. */
  private readonly seen = new Set<string>();
  private characters = 0;
  private full = false;

  /** Adds the texts and payload values of an event. */
  add(event: StoredEvent): void {
    this.addText(event.event);
    this.addLabels(event.resource);
    for (const related of event.related) {
      this.addText(related.role);
      this.addLabels(related);
    }
    this.addPayload(event.payload);
  }

  /** Adds hashes that somebody else made of what events say. */
  mark(hashes: Iterable<number>): void {
    for (const hash of hashes) this.set(hash);
  }

  /** Adds what another builder has. */
  merge(other: SignatureBuilder): void {
    for (let index = 0; index < this.words.length; index += 1) this.words[index] = (this.words[index] ?? 0) | (other.words[index] ?? 0);
    this.full ||= other.full;
  }

  /** The signature, and a builder as new. */
  take(): Uint8Array {
    const { full } = this;
    const places = full ? [] : this.setPlaces();
    this.words.fill(0);
    this.seen.clear();
    this.characters = 0;
    this.full = false;
    if (full) return Uint8Array.of(0xff);
    const size = Math.min(Math.max(Math.ceil(places.length * bitsPerEntry), smallest), wide);
    const bytes = new Uint8Array(Math.ceil(size / 8));
    for (const place of places) setBit(bytes, place % (bytes.length * 8));
    return bytes;
  }

  private setPlaces(): readonly number[] {
    const places: number[] = [];
    for (let index = 0; index < this.words.length; index += 1) {
      for (let rest = this.words[index] ?? 0; rest !== 0; rest &= rest - 1) places.push(index * 32 + 31 - Math.clz32(rest & -rest));
    }
    return places;
  }

  private addLabels({ id, labels }: StoredEvent['resource']): void {
    this.addText(id);
    for (const value of Object.values(labels)) this.addText(value);
  }

  private addText(text: string): void {
    if (this.full || this.seen.has(text)) return;
    this.seen.add(text);
    this.characters += text.length;
    this.full = this.characters > mostCharacters;
    if (this.full) return;
    const folded = fold(text);
    for (let at = 0; at + shortestGram <= folded.length; at += 1) this.addGramsAt(folded, at);
  }

  /** One pass makes the grams of all lengths: the hash of a longer one begins with that of the shorter. */
  private addGramsAt(text: string, at: number): void {
    let h = gramSeed;
    for (let length = 1; length <= longestGram && at + length <= text.length; length += 1) {
      h = gramStep(h, text.charCodeAt(at + length - 1));
      if (length >= shortestGram) this.set(mixed(h + length));
    }
  }

  private addPayload(payload: JsonObject): void {
    // Iterative, since payloads may be deep; arrays are stepped into by their indexes, as paths do.
    const rest: [path: number, value: unknown][] = [[pathStart, payload]];
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const [path, value] = next;
      if (typeof value === 'string') this.addText(value);
      if (typeof value === 'object' && value !== null) {
        for (const [key, child] of Object.entries(value)) rest.push([step(path, key), child]);
      } else {
        for (const hash of hashesOfValue(path, value)) this.set(hash);
      }
    }
  }

  private set(hash: number): void {
    const place = placeOf(hash);
    this.words[place >>> 5] = (this.words[place >>> 5] ?? 0) | (1 << (place & 31));
  }
}

/** The hashes that the signature of any text containing `part` has: all of them, or the most telling. */
export function gramsOf(part: string): readonly number[] {
  const folded = fold(part);
  const hashes: number[] = [];
  for (let length = longestGram; length >= shortestGram; length -= 1) {
    for (let at = 0; at + length <= folded.length; at += 1) hashes.push(gramHash(folded.slice(at, at + length)));
  }
  return hashes.slice(0, mostGrams);
}

/** The hashes that the signature of any payload with this scalar at this path has. */
export function payloadHashes(path: readonly string[], value: unknown): readonly number[] {
  return hashesOfValue(path.reduce(step, pathStart), value);
}

/** Grams: runs of characters (UTF-16 code units). The longer, the more one tells. */
const longestGram = 4;
const shortestGram = 2;
/** Grams of one text that are asked for: more would cost more than they save. */
const mostGrams = 16;
const gramSeed = 0x9e3779b9 | 0;
const pathStart = 0x9747b28c | 0;
/** Bits of a signature at most: 64 KiB of them, whatever an event says. */
const wide = 1 << 19;
const smallest = 256;
/** With more text than this, a signature has every bit: what is so large is looked at, not summed up. */
const mostCharacters = 1 << 18;
/** Leaves 30 of a hundred bits set. */
const bitsPerEntry = 2.75;

function gramHash(gram: string): number {
  let h = gramSeed;
  for (let at = 0; at < gram.length; at += 1) h = gramStep(h, gram.charCodeAt(at));
  return mixed(h + gram.length);
}

function gramStep(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193) ^ (hash >>> 15);
}

function step(path: number, key: string): number {
  return mixed(hashText(path, key) ^ 0x2e);
}

/** Two, since a value has only these, while a text has many grams. */
function hashesOfValue(path: number, value: unknown): readonly number[] {
  // -0 is 0 to JSON; 1.0 and 1 are the same number already.
  const hash = mixed(hashText(path ^ 0x3d, `${typeof value}:${String(value === 0 ? 0 : value)}`));
  return [hash, mixed(hash + 1)];
}

function hashText(seed: number, text: string): number {
  let h = seed;
  for (let at = 0; at < text.length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return h;
}

/** The finalizer of MurmurHash3. */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** Where a hash stands in a signature of the widest kind; in a narrower one, at this modulo its bits. */
export function placeOf(hash: number): number {
  return hash & (wide - 1);
}

/** Whether a signature has the bit of a hash. */
export function hasBit(signature: Uint8Array, hash: number): boolean {
  const bit = placeOf(hash) % (signature.length * 8);
  return ((signature[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

function setBit(bytes: Uint8Array, bit: number): void {
  bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) | (1 << (bit & 7));
}
