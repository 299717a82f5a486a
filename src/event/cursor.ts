import { TidingsError } from '../errors.ts';
import { fromMicros, toMicros, type Instant } from './instant.ts';
import { unstorableReason } from './text.ts';
import { crc32 } from 'node:zlib';

/**
 * Cursors: opaque places in the log. A cursor carries its log's identity (epoch), a shard and a position, and, where
 * it pages in an order by time, that order and the time. A checksum tells a garbled cursor from one of another log.
 *
 *   byte 0      kind: 1 log, 2 newest first, 3 oldest first (4, 5: see below)
 *   byte 1      shard, 0 as long as there is one
 *   bytes 2-7   epoch
 *   bytes 8-15  position
 *   bytes 16-23 occurred in microseconds (kinds 2 and 3 only)
 *   last 4      CRC-32 of all before
 *
 * Nothing outside this file and the store looks inside a position.
 */
export type Position = number & { readonly [positionBrand]: true };
declare const positionBrand: unique symbol;

/** Identity of a log, 48 random bits as 12 hexadecimal digits. */
export type Epoch = string;

export type EventOrder = 'NEWEST_FIRST' | 'OLDEST_FIRST' | 'LOG';

/** A place in the log. */
export interface LogCursor {
  readonly epoch: Epoch;
  readonly position: Position;
}

/** A place in a page: in LOG order it has no `occurred`. */
export interface PageCursor extends LogCursor {
  readonly order: EventOrder;
  readonly occurred?: Instant;
}

/** The position before every event. */
export const origin = 0 as Position;

/** The place just before that of an event: what comes after it begins with that event. */
export function positionBefore({ position }: { readonly position: Position }): Position {
  return (position - 1) as Position;
}

export function formatCursor(cursor: LogCursor & Partial<PageCursor>): string {
  const order = cursor.order ?? 'LOG';
  const timed = order !== 'LOG' && cursor.occurred !== undefined;
  const bytes = Buffer.alloc(timed ? 24 : 16);
  bytes.writeUInt8(ordersByKind.indexOf(order) + 1, 0);
  bytes.write(cursor.epoch, 2, 'hex');
  bytes.writeBigUInt64BE(BigInt(cursor.position), 8);
  if (timed && cursor.occurred !== undefined) bytes.writeBigInt64BE(toMicros(cursor.occurred), 16);
  return encodeWithChecksum(bytes);
}

/** Reads a cursor that must fit `order`. Throws BAD_CURSOR. */
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

/** The error for a text that is no cursor, or one of something else. */
export function badCursor(text: string, path: readonly string[]): TidingsError {
  const excerpt = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  return new TidingsError('BAD_CURSOR', `${path.join('.')}: expected a cursor that Tidings gave, got ${excerpt}`, { path });
}

/**
 * The cursors of pages of rejected events, which are no part of the log.
 *
 *   byte 0      kind: 5 (the others: see cursor)
 *   bytes 1-8   place
 *   last 4      CRC-32 of all before
 */
export function formatRejectedCursor(position: number): string {
  const bytes = Buffer.alloc(9, rejectedKind);
  bytes.writeBigUInt64BE(BigInt(position), 1);
  return encodeWithChecksum(bytes);
}

/** The place in a cursor. Throws BAD_CURSOR. */
export function parseRejectedCursor(text: string, path: readonly string[]): number {
  const bytes = decodeWithChecksum(text);
  if (bytes === null || bytes.length !== 9 || bytes[0] !== rejectedKind) throw badCursor(text, path);
  return Number(bytes.readBigUInt64BE(1));
}

const rejectedKind = 5;

/**
 * The cursors of pages of resources: the id of the last resource. They carry no place in the log and no epoch, since ids
 * mean the same in every log, and a page goes on behind an id whether or not there is such a resource any more.
 *
 *   byte 0    kind: 4 (the others: see cursor)
 *   then      the id in UTF-8
 *   last 4    CRC-32 of all before
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

/** Bytes as a text that needs no escape in a URL, with a checksum (CRC-32) at its end, by which garbled ones are known. */
export function encodeWithChecksum(bytes: Buffer): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return Buffer.concat([bytes, checksum]).toString('base64url');
}

/** The bytes again; null for a text that `seal` did not make. */
export function decodeWithChecksum(text: string): Buffer | null {
  const encoded = Buffer.from(text, 'base64url');
  if (encoded.length < 4 || encoded.toString('base64url') !== text) return null;
  const bytes = encoded.subarray(0, -4);
  return encoded.readUInt32BE(bytes.length) === crc32(bytes) ? bytes : null;
}
