import type { Condition } from '../filter/filter.ts';
import type { Caller, seen } from './caller.ts';

/** A filter that lets nothing pass which the caller may not see. */
export type Seen = Condition & { readonly [seen]: true };

/** What of a filter's events the caller sees. */
export function seenBy({ sees }: Caller, filter: Condition): Seen {
  if (isEverything(sees)) return filter as Seen;
  return (isEverything(filter) ? sees : { kind: 'all', of: [sees, filter] }) as Seen;
}

export function seesEverything({ sees }: Caller): boolean {
  return isEverything(sees);
}

/** Equal for callers that see the same. */
export function sightOf(caller: Caller): string {
  const known = sights.get(caller);
  if (known !== undefined) return known;
  const sight = seesEverything(caller) ? '' : JSON.stringify(caller.sees);
  sights.set(caller, sight);
  return sight;
}

const sights = new WeakMap<Caller, string>();

function isEverything(condition: Condition): boolean {
  return condition.kind === 'all' && condition.of.length === 0;
}
