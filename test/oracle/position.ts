import { formatCursor, parseCursor, type Position } from '../../src/event/cursor.ts';

/**
 * Clients treat cursors as opaque; the oracle compares them. Throws if the cursor is not a position
 * in the log.
 */
export function positionOf(cursor: string): number {
  return parseCursor(cursor, 'LOG', ['cursor']).position;
}

/** The cursor, but at least at a position of the same log. */
export function notBefore(cursor: string, minPosition: number): string {
  const { epoch, position } = parseCursor(cursor, 'LOG', ['cursor']);
  return position >= minPosition ? cursor : formatCursor({ epoch, position: minPosition as Position });
}
