import { formatCursor, parseCursor, type Position } from '../../src/event/cursor.ts';

/** Clients only hand cursors back; the oracle also compares them. Throws when one is not a place in the log. */
export function positionOf(cursor: string): number {
  return parseCursor(cursor, 'LOG', ['cursor']).position;
}

/** The cursor, or, where it lies before a place, that place as one of the same log. */
export function notBefore(cursor: string, minPosition: number): string {
  const { epoch, position } = parseCursor(cursor, 'LOG', ['cursor']);
  return position >= minPosition ? cursor : formatCursor({ epoch, position: minPosition as Position });
}
