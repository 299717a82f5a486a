import type { Condition } from '../filter/filter.ts';
import type { Caller, visible } from './caller.ts';

/** A filter that lets nothing pass which the caller may not see. */
export type VisibleFilter = Condition & { readonly [visible]: true };

/** What of a filter's events the caller sees. */
export function visibleTo({ visibilityFilter }: Caller, filter: Condition): VisibleFilter {
  if (isEverything(visibilityFilter)) return filter as VisibleFilter;
  return (isEverything(filter) ? visibilityFilter : { kind: 'all', of: [visibilityFilter, filter] }) as VisibleFilter;
}

export function hasFullVisibility({ visibilityFilter }: Caller): boolean {
  return isEverything(visibilityFilter);
}

/** Equal for callers that see the same. */
export function visibilityKeyOf(caller: Caller): string {
  const known = visibilityKeys.get(caller);
  if (known !== undefined) return known;
  const key = hasFullVisibility(caller) ? '' : JSON.stringify(caller.visibilityFilter);
  visibilityKeys.set(caller, key);
  return key;
}

const visibilityKeys = new WeakMap<Caller, string>();

function isEverything(condition: Condition): boolean {
  return condition.kind === 'all' && condition.of.length === 0;
}
