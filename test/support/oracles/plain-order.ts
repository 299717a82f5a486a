import type { EventOrder } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';

/** The events in an order, sorted in the plainest way. */
export function inOrder<E extends Pick<StoredEvent, 'position' | 'occurred'>>(events: readonly E[], order: EventOrder): readonly E[] {
  const byPosition = events.toSorted((a, b) => a.position - b.position);
  if (order === 'LOG') return byPosition;
  const byTime = byPosition.toSorted((a, b) => (a.occurred === b.occurred ? 0 : a.occurred < b.occurred ? -1 : 1));
  return order === 'OLDEST_FIRST' ? byTime : byTime.toReversed();
}
