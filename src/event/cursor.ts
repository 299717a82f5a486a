import { crc32 } from 'node:zlib';
import { TidingsError } from '../errors.ts';
import { fromMicros, toMicros, type Instant } from './instant.ts';
import { unstorableReason } from './text.ts';

/**
 * Cursors: opaque tokens for positions in the log. A cursor contains the identity of its log
 * (epoch), a shard and a position; in orders by time also the order and the time. A checksum
 * distinguishes a corrupted cursor from a cursor of another log.
 *
 *   byte 0      kind: 1 log, 2 newest first, 3 oldest first (4: resources, 5: rejected events, both below)
 *   byte 1      shard, always 0 as there is one
 *   bytes 2-7   epoch
 *   bytes 8-15  position
 *   bytes 16-23 occurred in microseconds (kinds 2 and 3 only)
 *   last 4      CRC-32 of the bytes before
 *
 * Only this file and the store use the number of a position.
 */
export type Position = number & { readonly [positionBrand]: true };
declare const positionBrand: unique symbol;

/** The identity of a log: 48 random bits as 12 hexadecimal digits. */
export type Epoch = string;

export type EventOrder = 'NEWEST_FIRST' | 'OLDEST_FIRST' | 'LOG';

/** A position in a log. */
export interface LogCursor {
  readonly epoch: Epoch;
  readonly position: Position;
}

/** A position in an order of pages. In LOG order it has no `occurred`. */
export interface PageCursor extends LogCursor {
  readonly order: EventOrder;
  readonly occurred?: Instant;
}

/** The position before every event. */
export const origin = 0 as Position;

/** The position directly before an event: reading after it begins with that event. */
export function positionBefore({ position }: { readonly position: Position }): Position {
  return (position - 1) as Position;
}

export function formatCursor({ epoch, position, order = 'LOG', occurred }: LogCursor & Partial<PageCursor>): string {
  const reused = occurred === undefined ? withoutTime : withTime;
  const { bytes, checked } = reused;
  if (epoch !== reused.epoch) bytes.write(epoch, 2, 'hex');
  reused.epoch = epoch;
  bytes.writeUInt8(ordersByKind.indexOf(order) + 1, 0);
  bytes.writeUInt32BE(Math.floor(position / 2 ** 32), 8);
  bytes.writeUInt32BE(position % 2 ** 32, 12);
  if (occurred !== undefined) bytes.writeBigInt64BE(toMicros(occurred), 16);
  bytes.writeUInt32BE(crc32(checked), checked.length);
  return bytes.toString('base64url');
}

/** Each event of a subscription or a page can have a cursor, so its bytes are reused, and an epoch is written once. */
const [withoutTime, withTime] = [16, 24].map((length) => {
  const bytes = Buffer.alloc(length + 4);
  return { bytes, checked: bytes.subarray(0, length), epoch: '' };
}) as [ReusedBytes, ReusedBytes];

interface ReusedBytes {
  readonly bytes: Buffer;
  /** The bytes before the checksum. */
  readonly checked: Buffer;
  epoch: Epoch;
}

/** Parses a cursor of this order. Throws BAD_CURSOR. */
export function parseCursor(text: string, order: EventOrder, path: readonly string[]): PageCursor {
  const bytes = decodeWithChecksum(text);
  const cursorOrder = bytes?.length === 16 || bytes?.length === 24 ? ordersByKind[bytes.readUInt8(0) - 1] : undefined;
  if (bytes === null || cursorOrder === undefined || bytes.readUInt8(1) !== 0 || (cursorOrder === 'LOG') !== (bytes.length === 16)) {
    throw badCursor(text, path);
  }
  if (cursorOrder !== order) {
    throw new TidingsError(
      'BAD_CURSOR',
      `${path.join('.')}: expected a cursor of order ${order}, got one of ${cursorOrder}; a cursor works only in the order it came from`,
      { path },
    );
  }
  const cursor = { order, epoch: bytes.toString('hex', 2, 8), position: Number(bytes.readBigUInt64BE(8)) as Position };
  if (cursorOrder === 'LOG') return cursor;
  const occurred = fromMicros(bytes.readBigInt64BE(16));
  if (occurred === null) throw new TidingsError('BAD_CURSOR', `${path.join('.')}: the cursor's time is out of range`, { path });
  return { ...cursor, occurred };
}

const ordersByKind: readonly EventOrder[] = ['LOG', 'NEWEST_FIRST', 'OLDEST_FIRST'];

/** The error for a text that is not a cursor, or that is a cursor of another kind. */
export function badCursor(text: string, path: readonly string[]): TidingsError {
  const excerpt = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  return new TidingsError('BAD_CURSOR', `${path.join('.')}: expected a cursor from a response, got ${excerpt}`, { path });
}

/**
 * The cursors of pages of rejected events, which are not part of the log.
 *
 *   byte 0      kind: 5
 *   bytes 1-8   position
 *   last 4      CRC-32 of the bytes before
 */
export function formatRejectedCursor(position: number): string {
  const bytes = Buffer.alloc(9, rejectedKind);
  bytes.writeBigUInt64BE(BigInt(position), 1);
  return encodeWithChecksum(bytes);
}

/** The position in a cursor. Throws BAD_CURSOR. */
export function parseRejectedCursor(text: string, path: readonly string[]): number {
  const bytes = decodeWithChecksum(text);
  if (bytes === null || bytes.length !== 9 || bytes[0] !== rejectedKind) throw badCursor(text, path);
  return Number(bytes.readBigUInt64BE(1));
}

const rejectedKind = 5;

/**
 * The cursors of pages of resources: the id of the last resource. They have no position and no
 * epoch, because ids mean the same in every log. The next page continues after the id, whether or
 * not the resource still exists.
 *
 *   byte 0    kind: 4
 *   then      the id in UTF-8
 *   last 4    CRC-32 of the bytes before
 */
export function formatResourceCursor(id: string): string {
  return encodeWithChecksum(Buffer.concat([Buffer.of(resourceKind), Buffer.from(id)]));
}

/** The id in a cursor. Throws BAD_CURSOR. */
export function parseResourceCursor(text: string, path: readonly string[]): string {
  const bytes = decodeWithChecksum(text);
  const foundKind = bytes?.[0];
  if (bytes === null || foundKind === undefined) throw badCursor(text, path);
  if (foundKind !== resourceKind) {
    throw new TidingsError('BAD_CURSOR', `${path.join('.')}: expected a cursor from a page of resources, got one of events`, { path });
  }
  const id = bytes.toString('utf8', 1);
  if (id === '' || unstorableReason(id) !== null || !Buffer.from(id).equals(bytes.subarray(1))) throw badCursor(text, path);
  return id;
}

const resourceKind = 4;

/** Encodes bytes and their CRC-32 as base64url, which needs no escape in a URL. */
export function encodeWithChecksum(bytes: Buffer): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return Buffer.concat([bytes, checksum]).toString('base64url');
}

/** The bytes of such a text; null if its checksum is wrong or it has another form. */
export function decodeWithChecksum(text: string): Buffer | null {
  const encoded = Buffer.from(text, 'base64url');
  if (encoded.length < 4 || encoded.toString('base64url') !== text) return null;
  const bytes = encoded.subarray(0, -4);
  return encoded.readUInt32BE(bytes.length) === crc32(bytes) ? bytes : null;
}
