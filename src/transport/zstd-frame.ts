/**
 * Whether data is exactly one complete Zstandard frame (RFC 8878, section 3.1.1), by the lengths of
 * its blocks. Why: Node takes truncated data for its end, and ignores what follows the first frame.
 * Either would lose events of a body without an error.
 */
export function isZstdFrame(bytes: Buffer): boolean {
  if (bytes.length < minFrameBytes || bytes.readUInt32LE(0) !== magicNumber) return false;
  const descriptor = bytes[4] ?? 0;
  const isSingleSegment = (descriptor >> 5) & 1;
  const contentSizeBytes = [isSingleSegment, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  let at = 5 + (1 - isSingleSegment) + dictionaryIdBytes + contentSizeBytes;
  for (let isLast = false; !isLast;) {
    if (at + blockHeaderBytes > bytes.length) return false;
    const header = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    isLast = (header & 1) === 1;
    const isRepeatedByte = ((header >> 1) & 3) === 1;
    at += blockHeaderBytes + (isRepeatedByte ? 1 : header >> 3);
  }
  const checksumBytes = (descriptor >> 2) & 1 ? 4 : 0;
  return at + checksumBytes === bytes.length;
}

const magicNumber = 0xfd2fb528;
const blockHeaderBytes = 3;
/** Magic number, descriptor, window or content size, and the header of an empty block. */
const minFrameBytes = 9;
