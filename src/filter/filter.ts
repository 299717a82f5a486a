import type { ExactNumber } from '../json/exact-number.ts';
import type { EventOrder } from '../event/cursor.ts';
import type { Instant } from '../event/instant.ts';
import type { PayloadPattern } from '../event/payload-path.ts';

/**
 * A filter: a tree of conditions. Every input form is parsed to it (`parseFilter` for GraphQL's
 * EventFilter). It has two evaluators, `matches` in memory and store/filter-sql, which are
 * exhaustive over these types and agree on every event.
 */
export type Condition =
  | All<Condition>
  | Any<Condition>
  | Not<Condition>
  /** The text equals one of these. An event without it (`follows`) does not match. */
  | { readonly kind: 'oneOf'; readonly field: TextField; readonly values: readonly string[] }
  /** The text begins with one of these. No character is special. */
  | { readonly kind: 'startsWith'; readonly field: TextField; readonly prefixes: readonly string[] }
  /** The whole text matches one of these globs (`glob.ts`). */
  | { readonly kind: 'like'; readonly field: TextField; readonly globs: readonly string[] }
  /** From `since`, inclusive, until `until`, exclusive. */
  | { readonly kind: 'during'; readonly field: TimeField; readonly since?: Instant; readonly until?: Instant }
  /** The primary resource, some related resource, or some of both, passes. */
  | { readonly kind: 'resource'; readonly among: 'primary' | 'related' | 'any'; readonly passes: ResourceTest }
  /**
   * The value at a path of the payload passes. It may be absent. With the step `*` the path leads
   * to any number of values; absent ones do not count, and one of the others must pass as a whole.
   */
  | { readonly kind: 'payload'; readonly path: PayloadPattern; readonly passes: ValueTest }
  /** The searchable text of the event contains this, in upper or lower case, however composed. */
  | { readonly kind: 'contains'; readonly searchTerm: string };

export type Combination<T> = All<T> | Any<T> | Not<T>;

/** Every part holds. An empty list always holds. */
export interface All<T> {
  readonly kind: 'all';
  readonly of: readonly T[];
}
/** At least one part holds. An empty list never holds. */
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
 * A test of one resource. `label` is a label's key; the keys of id, role and name read those
 * fields. A resource without the label passes none of these except under `not`.
 */
export type ResourceTest =
  | All<ResourceTest>
  | Any<ResourceTest>
  | Not<ResourceTest>
  | { readonly kind: 'exists'; readonly label: string }
  | { readonly kind: 'oneOf'; readonly label: string; readonly values: readonly string[] }
  | { readonly kind: 'startsWith'; readonly label: string; readonly prefixes: readonly string[] }
  | { readonly kind: 'like'; readonly label: string; readonly globs: readonly string[] };

/** A test of one JSON value. An absent value passes none of these except under `not`. */
export type ValueTest =
  | All<ValueTest>
  | Any<ValueTest>
  | Not<ValueTest>
  | { readonly kind: 'exists' }
  /** Equals one of these as JSON: numbers as numbers, objects in any order of keys. */
  | { readonly kind: 'oneOf'; readonly values: readonly unknown[] }
  /** Numbers compare with numbers, strings with strings by code point. Nothing else compares. */
  | { readonly kind: 'compares'; readonly operator: Comparison; readonly to: number | ExactNumber | string };

export type Comparison = 'gt' | 'gte' | 'lt' | 'lte';

/** Matches every event. */
export const everything: Condition = { kind: 'all', of: [] };

/** Which events, in which order: shared by pages, counts and streams. */
export interface EventQuery {
  readonly filter: Condition;
  readonly order: EventOrder;
}

/** The conditions that must all hold. */
export function conjunctsOf(condition: Condition): readonly Condition[] {
  return condition.kind === 'all' ? condition.of.flatMap(conjunctsOf) : [condition];
}
