import type { StoredEvent } from '../../event/event.ts';
import type { EventFilterInput } from '../parse/parse-filter.ts';

/** A part of a filter as its client wrote it, so that one can say of each part whether an event meets it. */
export type FilterPart =
  /** Holds when each of its parts does. */
  { readonly kind: 'each'; readonly parts: readonly FilterPart[] } | NamedPart;

/** A part that can be named by its path, and asked for by itself. */
export type NamedPart =
  /** An `or`: holds when some of its parts does. */
  | (Alone & { readonly kind: 'some'; readonly parts: readonly FilterPart[] })
  /** A `not`: holds when its part does not. */
  | (Alone & { readonly kind: 'none'; readonly part: FilterPart })
  /** One and the same thing must meet all of its parts, so it may fail while each of them holds. An operator has none. */
  | (Alone & { readonly kind: 'one'; readonly parts: readonly NamedPart[] });

interface Alone {
  readonly path: Path;
  /** The filter that consists of this part only. */
  readonly alone: EventFilterInput;
  readonly got: Got;
}

export type Path = readonly string[];

/** What the event has where the part looks; null or undefined: nothing. */
export type Got = (event: StoredEvent) => unknown;

/** Where a part of type T stands, and the filter around any such part. */
export interface Place<T> {
  readonly path: Path;
  readonly alone: (part: T) => EventFilterInput;
  readonly got: Got;
}

/** A part for each operator given. Null is the same as left out, but `eq`, which payload values alone have, compares with it. */
export function operatorParts<T extends object>(input: T, { path, alone, got }: Place<T>): readonly NamedPart[] {
  return Object.entries(input)
    .filter(([operator, value]) => value !== undefined && (value !== null || operator === 'eq'))
    .map(([operator, value]) => {
      return { kind: 'one', path: [...path, operator], alone: alone({ [operator]: value } as T), got, parts: [] };
    });
}

/** What one and the same resource must meet, operator by operator; no part when there is no operator. */
export function partOfOperators<T extends object>(input: T, place: Place<T>): readonly NamedPart[] {
  const { path, alone, got } = place;
  const parts = operatorParts(input, place);
  return parts.length === 0 ? [] : [{ kind: 'one', path, alone: alone(input), got, parts }];
}
