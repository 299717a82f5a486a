import { parseCursor } from '../../src/event/cursor.ts';

/** Clients only hand cursors back; the oracle also compares them. Throws when one is not a place in the log. */
export function placeOf(cursor: string): number {
  return parseCursor(cursor, 'LOG', ['cursor']).position;
}
