import type { EventOrder, Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { EventQuery } from '../../filter/filter.ts';
import type { Instant } from '../../event/instant.ts';

/** A place in an order: `occurred` is missing in LOG order. */
export interface PageBound {
  readonly position: Position;
  readonly occurred?: Instant;
  /** Whether the place itself is meant too. */
  readonly inclusive?: true;
}

/** One page to read: at most `limit` events strictly between `after` and `before`, from the end if `backward`. */
export interface PageRequest extends EventQuery {
  readonly head: Position;
  readonly after?: PageBound;
  readonly before?: PageBound;
  readonly limit: number;
  readonly backward: boolean;
}

/** Events in their order, also of a backward page; `more`: the limit cut the page on the side away from its start. */
export interface Page {
  readonly events: readonly StoredEvent[];
  readonly more: boolean;
  /** About how much memory the events take, and the one beyond the page. */
  readonly bytes: number;
}

/** What to count: counting stops at `max` + 1. */
export interface CountRequest extends EventQuery {
  readonly head: Position;
  readonly max: number;
}

/**
 * What ties one page of many to its key: the events that follow the event of that id, or in which the resource of that
 * id is the primary one (PRIMARY), only a related one (RELATED), or either (ANY). EVERYTHING takes no notice of the key.
 */
export type PageScope = 'EVERYTHING' | 'FOLLOWS' | 'PRIMARY' | 'RELATED' | 'ANY';

/** Keys, and the tie that all of them have. */
export interface ScopedKeys {
  readonly scope: PageScope;
  readonly keys: readonly string[];
}

/** One page, or count, of all events. */
export const everyEvent: ScopedKeys = { scope: 'EVERYTHING', keys: [''] };

/** By what a page's events come, and whether upwards. */
export interface Direction {
  readonly by: 'time' | 'position';
  readonly up: boolean;
}

export function directionOf({ order, backward }: { readonly order: EventOrder; readonly backward: boolean }): Direction {
  return { by: order === 'LOG' ? 'position' : 'time', up: (order === 'NEWEST_FIRST') === backward };
}
