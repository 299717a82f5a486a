import { notOurs } from './cursor.ts';
import { seal, unseal } from './sealed.ts';

/**
 * The cursors of pages of rejected events, which are no part of the log.
 *
 *   byte 0      kind: 5 (the others: see cursor)
 *   bytes 1-8   place
 *   last 4      CRC-32 of all before
 */
export function formatRejectedCursor(place: number): string {
  const bytes = Buffer.alloc(9, kind);
  bytes.writeBigUInt64BE(BigInt(place), 1);
  return seal(bytes);
}

/** The place in a cursor. Throws BAD_CURSOR. */
export function parseRejectedCursor(text: string, path: readonly string[]): number {
  const bytes = unseal(text);
  if (bytes === null || bytes.length !== 9 || bytes[0] !== kind) throw notOurs(text, path);
  return Number(bytes.readBigUInt64BE(1));
}

const kind = 5;
