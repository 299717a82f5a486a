import { crc32 } from 'node:zlib';

/** Bytes as a text that needs no escape in a URL, with a checksum (CRC-32) at its end, by which garbled ones are known. */
export function seal(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return Buffer.concat([bytes, sum]).toString('base64url');
}

/** The bytes again; null for a text that `seal` did not make. */
export function unseal(text: string): Buffer | null {
  const sealed = Buffer.from(text, 'base64url');
  if (sealed.length < 4 || sealed.toString('base64url') !== text) return null;
  const bytes = sealed.subarray(0, -4);
  return sealed.readUInt32BE(bytes.length) === crc32(bytes) ? bytes : null;
}
