/**
 * The position of the quote that ends the string whose first quote is at `start`; the length of the
 * text if none does. Bytes of a long string without escapes are skipped by native code, which takes a
 * tenth of the time.
 */
export function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; ;) {
    const end = Math.min(at + stepBytes, bytes.length);
    for (; at < end; at += 1) {
      const byte = bytes[at];
      if (byte === quote) return at;
      if (byte === backslash) at += 1;
    }
    if (at >= bytes.length) return bytes.length;
    const found = bytes.indexOf(quote, at);
    if (found < 0) return bytes.length;
    let escapes = found;
    while (escapes > at && bytes[escapes - 1] === backslash) escapes -= 1;
    if ((found - escapes) % 2 === 0) return found;
    at = found + 1;
  }
}

/** Between two searches by native code, whose call takes as long as 100 bytes. */
const stepBytes = 256;
const [quote, backslash] = [0x22, 0x5c];
