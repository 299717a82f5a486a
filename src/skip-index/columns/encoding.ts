import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** The value of an event in one column: a text, null if it has none, or a list of texts. */
export type Value = string | null | readonly string[];

/** Compresses values: ids with a common prefix and UUIDs take about half. */
export function encodeValues(values: readonly Value[]): Uint8Array {
  return deflateRawSync(JSON.stringify(values));
}

export function decodeValues(bytes: Uint8Array): readonly Value[] {
  return JSON.parse(inflateRawSync(bytes).toString()) as readonly Value[];
}

/**
 * Packs codes below `size` with the fewest bits each, low bits first. With one possible code, the
 * result is empty.
 */
export function encodeCodes(codes: readonly number[], size: number): Uint8Array {
  const width = bitsFor(size);
  const bytes = new Uint8Array(Math.ceil((codes.length * width) / 8));
  let [at, pending, bits] = [0, 0, 0];
  for (const code of codes) {
    pending |= code << bits;
    for (bits += width; bits >= 8; bits -= 8) {
      bytes[at] = pending & 0xff;
      at += 1;
      pending >>>= 8;
    }
  }
  if (bits > 0) bytes[at] = pending;
  return bytes;
}

export function decodeCodes(bytes: Uint8Array, { size, count }: { readonly size: number; readonly count: number }): Uint16Array {
  const width = bitsFor(size);
  const codes = new Uint16Array(count);
  if (width === 0) return codes;
  const mask = 2 ** width - 1;
  // A code lies within three bytes, the last of which can be beyond the end. Reading beyond a typed
  // array's end is slow.
  const padded = new Uint8Array(bytes.byteLength + 2);
  padded.set(bytes);
  for (let index = 0, bit = 0; index < count; index += 1, bit += width) {
    const at = bit >>> 3;
    const threeBytes = (padded[at] ?? 0) | ((padded[at + 1] ?? 0) << 8) | ((padded[at + 2] ?? 0) << 16);
    codes[index] = (threeBytes >>> (bit & 7)) & mask;
  }
  return codes;
}

/** Compresses packed codes if that saves enough; otherwise returns them unchanged. */
export function deflateIfSmaller(encoded: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(encoded);
  return deflated.byteLength < encoded.byteLength * deflateThreshold ? deflated : encoded;
}

/**
 * Reverses `deflateIfSmaller`: packed codes have exactly the computed length, compressed ones are
 * shorter.
 */
export function inflateIfDeflated(bytes: Uint8Array, { size, count }: { readonly size: number; readonly count: number }): Uint8Array {
  return bytes.byteLength === Math.ceil((count * bitsFor(size)) / 8) ? bytes : inflateRawSync(bytes);
}

/** A smaller saving does not justify the time to inflate. */
const deflateThreshold = 0.8;

/** At most 16, because a row group has at most 1,024 events. */
function bitsFor(size: number): number {
  return size <= 1 ? 0 : 32 - Math.clz32(size - 1);
}
