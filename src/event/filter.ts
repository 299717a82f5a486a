import type { EventOrder } from './cursor.ts';
import type { Instant } from './instant.ts';

/**
 * The filter, as everything behind the doors sees it: a small algebra of conditions. It has one definition here and
 * two readings, `matches` (in memory) and `store/filter-sql` (SQL), which are both exhaustive over `Condition` and must
 * agree on every event. Doors write filters in their own words and bring them here, as `parseFilter` does for
 * GraphQL's EventFilter.
 */
export type Condition =
  /** Every one holds; an empty list holds for every event. */
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  /** At least one holds; an empty list holds for none. */
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  /** The text is one of these, to the character. */
  | { readonly kind: 'oneOf'; readonly field: TextField; readonly values: readonly string[] }
  /** The text begins with one of these; no character is special. */
  | { readonly kind: 'startsWith'; readonly field: TextField; readonly prefixes: readonly string[] }
  /** From `since`, inclusive, until `until`, exclusive. */
  | { readonly kind: 'during'; readonly field: TimeField; readonly since?: Instant; readonly until?: Instant };

export type TextField = 'id' | 'event' | 'resource.id';
export type TimeField = 'occurred';

/** Holds for every event. */
export const everything: Condition = { kind: 'all', of: [] };

/** Which events, in which order: what a page, a count and a stream have in common. */
export interface Selection {
  readonly filter: Condition;
  readonly order: EventOrder;
}
