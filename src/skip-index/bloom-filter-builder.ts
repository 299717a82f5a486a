import { isJsonScalar } from '../json/exact-number.ts';
import { forEachValue } from '../json/for-each-value.ts';
import type { JsonObject, RelatedResource, StoredEvent } from '../event/event.ts';
import { fold, normalized } from '../filter/case-folding.ts';
import {
  bitPositionOf,
  labelKeyHashes,
  maxBits,
  maxNgramLength,
  minNgramLength,
  mix,
  ngramSeed,
  ngramStep,
  roleIdHash,
  roleStates,
} from './bloom-filter.ts';

/**
 * Builds a Bloom filter (with one hash) of the n-grams in the texts of some events, case-folded,
 * of the keys of their labels, and of related resources in their roles. A missing bit proves absence. The size follows the number of bits
 * set.
 */
export class BloomFilterBuilder {
  private readonly words = new Uint32Array(maxBits / 32);
  private setBits = 0;
  /** Consecutive events share most of their texts. */
  private readonly addedTexts = new Set<string>();
  private readonly addedLabelKeys = new Set<string>();
  private readonly addedRoles = new Map<string, { readonly states: readonly number[]; readonly ids: Set<string> }>();
  private characters = 0;
  private full = false;

  /** Adds the texts and label keys of an event. */
  add(event: StoredEvent): void {
    this.addText(event.event);
    this.addLabels(event.resource);
    for (const related of event.related) {
      this.addText(related.role);
      this.addLabels(related);
      this.addRole(related);
    }
    this.addPayload(event.payload);
  }

  /** Adds the bits of another builder. */
  merge(other: BloomFilterBuilder): void {
    const [words, others] = [this.words, other.words];
    let addedBits = 0;
    for (let index = 0; index < words.length; index += 1) {
      const word = others[index] ?? 0;
      const known = words[index] ?? 0;
      words[index] = known | word;
      addedBits += popCount(word & ~known);
    }
    this.setBits += addedBits;
    this.full ||= other.full;
  }

  /** Returns the Bloom filter and resets the builder. */
  take(): Uint8Array {
    const size = Math.min(Math.max(Math.ceil(this.setBits * bitsPerEntry), minBits), maxBits);
    const bytes = this.full ? Uint8Array.of(0xff) : foldTo(this.words, Math.ceil(size / 8));
    this.words.fill(0);
    this.setBits = 0;
    this.addedTexts.clear();
    this.addedLabelKeys.clear();
    this.addedRoles.clear();
    this.characters = 0;
    this.full = false;
    return bytes;
  }

  private addLabels({ id, labels }: StoredEvent['resource']): void {
    this.addText(id);
    for (const label of Object.keys(labels)) {
      this.addLabelKey(label);
      this.addText(labels[label] ?? '');
    }
  }

  private addText(text: string): void {
    const known = this.addedTexts.size;
    if (this.full || this.addedTexts.add(text).size === known) return;
    this.characters += text.length;
    this.full = this.characters > maxCharacters;
    if (this.full) return;
    this.addNgrams(fold(text));
    // Prefixes and globs apply to the text as it is, text searches to its normal form.
    const normalizedText = normalized(text);
    if (normalizedText !== text) this.addNgrams(fold(normalizedText));
  }

  private addNgrams(folded: string): void {
    for (let at = 0; at + minNgramLength <= folded.length; at += 1) this.addNgramsAt(folded, at);
  }

  /**
   * One pass adds the n-grams of all lengths: the hash of a longer one continues that of the
   * shorter.
   */
  private addNgramsAt(text: string, at: number): void {
    let h = ngramSeed;
    for (let length = 1; length <= maxNgramLength && at + length <= text.length; length += 1) {
      h = ngramStep(h, text.charCodeAt(at + length - 1));
      if (length >= minNgramLength) this.set(mix(h + length));
    }
  }

  private addLabelKey(label: string): void {
    const known = this.addedLabelKeys.size;
    if (this.addedLabelKeys.add(label).size > known) for (const hash of labelKeyHashes(label)) this.set(hash);
  }

  private addRole({ role, id }: RelatedResource): void {
    let known = this.addedRoles.get(role);
    if (known === undefined) {
      known = { states: roleStates(role), ids: new Set() };
      this.addedRoles.set(role, known);
    }
    const before = known.ids.size;
    if (known.ids.add(id).size > before) for (const state of known.states) this.set(roleIdHash(state, id));
  }

  private addPayload(payload: JsonObject): void {
    // Iterative, because payloads can be deep.
    const values: unknown[] = [payload];
    while (values.length > 0) {
      const value = values.pop();
      if (typeof value === 'string') this.addText(value);
      else if (!isJsonScalar(value)) forEachValue(value as object, (each) => void values.push(each));
    }
  }

  private set(hash: number): void {
    const position = bitPositionOf(hash);
    const [word, bit] = [position >>> 5, 1 << (position & 31)];
    const bits = this.words[word] ?? 0;
    if ((bits & bit) !== 0) return;
    this.words[word] = bits | bit;
    this.setBits += 1;
  }
}

function popCount(word: number): number {
  let pairs = word - ((word >>> 1) & 0x5555_5555);
  pairs = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Folds `words` to `length` bytes: each bit moves to its position modulo the number of bits. */
function foldTo(words: Uint32Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const bits = length * 8;
  let start = 0; // position of a word's first bit, modulo `bits`
  for (let index = 0; index < words.length; index += 1) {
    for (let rest = words[index] ?? 0; rest !== 0; rest &= rest - 1) {
      const position = start + 31 - Math.clz32(rest & -rest);
      const bit = position < bits ? position : position - bits;
      bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
    start = start + 32 < bits ? start + 32 : start + 32 - bits;
  }
  return bytes;
}

const minBits = 256;
/** With more text, the Bloom filter has every bit: events so large are scanned. */
const maxCharacters = 1 << 18;
/** Sets 30 percent of the bits. */
const bitsPerEntry = 2.75;
