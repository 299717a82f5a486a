import { stringifyJson } from '../json/stringify-json.ts';
import type { Condition } from '../filter/filter.ts';
import type { Caller } from './caller.ts';

declare const visible: unique symbol;

/** A filter that includes a caller's visibility filter. GraphQL's loaders accept no other kind. */
export type VisibleFilter = Condition & { readonly [visible]: true };

/** Restricts a filter to the events that the caller sees. */
export function visibleTo({ visibilityFilter }: Caller, filter: Condition): VisibleFilter {
  if (isEverything(visibilityFilter)) return filter as VisibleFilter;
  return (isEverything(filter) ? visibilityFilter : { kind: 'all', of: [visibilityFilter, filter] }) as VisibleFilter;
}

export function hasFullVisibility({ visibilityFilter }: Caller): boolean {
  return isEverything(visibilityFilter);
}

/** Equal for callers that see the same events. */
export function visibilityKeyOf(caller: Caller): string {
  const known = visibilityKeys.get(caller);
  if (known !== undefined) return known;
  const key = hasFullVisibility(caller) ? '' : stringifyJson(caller.visibilityFilter);
  visibilityKeys.set(caller, key);
  return key;
}

const visibilityKeys = new WeakMap<Caller, string>();

function isEverything(condition: Condition): boolean {
  return condition.kind === 'all' && condition.of.length === 0;
}
