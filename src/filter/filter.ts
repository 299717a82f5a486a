import type { EventOrder } from '../event/cursor.ts';
import type { Instant } from '../event/instant.ts';
import type { PayloadPath } from '../event/payload-path.ts';

/**
 * The filter, as everything behind the doors sees it: a small algebra of conditions. It has one definition here and
 * two readings, `matches` (in memory) and `store/filter-sql` (SQL), which are both exhaustive over these types and must
 * agree on every event. Doors write filters in their own words and bring them here, as `parseFilter` does for
 * GraphQL's EventFilter.
 */
export type Condition =
  | All<Condition>
  | Any<Condition>
  | Not<Condition>
  /** The text is one of these, to the character. An event without it (`follows`) does not match. */
  | { readonly kind: 'oneOf'; readonly field: TextField; readonly values: readonly string[] }
  /** The text begins with one of these; no character is special. */
  | { readonly kind: 'startsWith'; readonly field: TextField; readonly prefixes: readonly string[] }
  /** From `since`, inclusive, until `until`, exclusive. */
  | { readonly kind: 'during'; readonly field: TimeField; readonly since?: Instant; readonly until?: Instant }
  /** The primary resource, some one related resource, or some one of both, passes. */
  | { readonly kind: 'resource'; readonly among: 'primary' | 'related' | 'any'; readonly passes: ResourceTest }
  /** The value at a path of the payload passes. */
  | { readonly kind: 'payload'; readonly path: PayloadPath; readonly passes: ValueTest }
  /**
   * Some text of the event contains this, whatever the case: its name, the ids and label values of its resources, strings
   * of the payload.
   */
  | { readonly kind: 'contains'; readonly searchTerm: string };

export type Combination<T> = All<T> | Any<T> | Not<T>;

/** Every one holds; an empty list always holds. */
export interface All<T> {
  readonly kind: 'all';
  readonly of: readonly T[];
}
/** At least one holds; an empty list never holds. */
export interface Any<T> {
  readonly kind: 'any';
  readonly of: readonly T[];
}
export interface Not<T> {
  readonly kind: 'not';
  readonly of: T;
}

export type TextField = 'id' | 'event' | 'follows';
export type TimeField = 'occurred' | 'received';

/**
 * What a resource must be. `label` is a label's key; those of the id, the role and the name read that field. A resource
 * without the label passes none of these but under `not`.
 */
export type ResourceTest =
  | All<ResourceTest>
  | Any<ResourceTest>
  | Not<ResourceTest>
  | { readonly kind: 'exists'; readonly label: string }
  | { readonly kind: 'oneOf'; readonly label: string; readonly values: readonly string[] }
  | { readonly kind: 'startsWith'; readonly label: string; readonly prefixes: readonly string[] }
  /** Globs: * any run of characters, ? any one, a backslash makes the next one plain. */
  | { readonly kind: 'like'; readonly label: string; readonly globs: readonly string[] };

/** What a JSON value must be. An absent one passes none of these but under `not`. */
export type ValueTest =
  | All<ValueTest>
  | Any<ValueTest>
  | Not<ValueTest>
  | { readonly kind: 'exists' }
  /** Equals one of these as JSON: numbers as numbers, objects whatever the order of their keys. */
  | { readonly kind: 'oneOf'; readonly values: readonly unknown[] }
  /** Numbers compare with numbers, strings with strings by code point; anything else does not. */
  | { readonly kind: 'compares'; readonly operator: Comparison; readonly to: number | string };

export type Comparison = 'gt' | 'gte' | 'lt' | 'lte';

/** Holds for every event. */
export const everything: Condition = { kind: 'all', of: [] };

/** Which events, in which order: what a page, a count and a stream have in common. */
export interface EventQuery {
  readonly filter: Condition;
  readonly order: EventOrder;
}

/** The conditions that must all hold. */
export function conjunctsOf(condition: Condition): readonly Condition[] {
  return condition.kind === 'all' ? condition.of.flatMap(conjunctsOf) : [condition];
}
