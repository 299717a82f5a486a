import { formatCursor, parseCursor, type Position } from '../../src/event/cursor.ts';

/** Clients only hand cursors back; the oracle also compares them. Throws when one is not a place in the log. */
export function placeOf(cursor: string): number {
  return parseCursor(cursor, 'LOG', ['cursor']).position;
}

/** The cursor, or, where it lies before a place, that place as one of the same log. */
export function notBefore(cursor: string, place: number): string {
  const { epoch, position } = parseCursor(cursor, 'LOG', ['cursor']);
  return position >= place ? cursor : formatCursor({ epoch, position: place as Position });
}
