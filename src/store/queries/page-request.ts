import type { EventOrder, Position } from '../../event/cursor.ts';
import type { StoredEvent, EventParts } from '../../event/event.ts';
import type { EventQuery } from '../../filter/filter.ts';
import type { Instant } from '../../event/instant.ts';

/** A position in an order; without `occurred` in LOG order. */
export interface PageBound {
  readonly position: Position;
  readonly occurred?: Instant;
  /** Includes the event at the position itself. */
  readonly inclusive?: true;
}

/**
 * A page: at most `limit` events strictly between `after` and `before`, from the end if `backward`.
 */
export interface PageRequest extends EventQuery {
  readonly head: Position;
  /** An earlier head, if `head` is only expected. */
  readonly knownHead?: Position;
  readonly after?: PageBound;
  readonly before?: PageBound;
  readonly limit: number;
  readonly backward: boolean;
}

/**
 * Events in their order, also for a backward page. `more`: the limit omitted events at the far end
 * of the page.
 */
export interface Page {
  readonly events: readonly StoredEvent[];
  readonly more: boolean;
  /** Approximate memory of the events. */
  readonly bytes: number;
}

/** A count of matches that stops at `max` + 1. */
export interface CountRequest extends EventQuery {
  readonly head: Position;
  readonly max: number;
}

/**
 * The scope of a page: the events that follow the event `key` (FOLLOWS), or the events of the
 * resource `key`. That resource is the primary one (PRIMARY), only a related one (RELATED), or
 * either (ANY). EVERYTHING ignores the key.
 */
export type PageScope = 'EVERYTHING' | 'FOLLOWS' | 'PRIMARY' | 'RELATED' | 'ANY';

/** The keys of pages with the same scope. */
export interface ScopedKeys {
  readonly scope: PageScope;
  readonly keys: readonly string[];
}

/** The rows to find: those of pages with the same scope. */
export interface RowScope extends ScopedKeys {
  readonly parts: EventParts;
}

/** The keys of one page, or count, of all events. */
export const everyEvent: ScopedKeys = { scope: 'EVERYTHING', keys: [''] };

/** The sort key of a page, and whether it ascends. */
export interface Direction {
  readonly by: 'time' | 'position';
  readonly up: boolean;
}

export function directionOf({ order, backward }: { readonly order: EventOrder; readonly backward: boolean }): Direction {
  return { by: order === 'LOG' ? 'position' : 'time', up: (order === 'NEWEST_FIRST') === backward };
}
