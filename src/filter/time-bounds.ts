import type { Instant } from '../event/instant.ts';
import { conjunctsOf, type Condition } from './filter.ts';

/** The bounds of `occurred` that a filter sets: since is inclusive, until exclusive. */
export interface TimeBounds {
  readonly since?: Instant;
  readonly until?: Instant;
}

/** The bounds of `occurred` that hold for every match. */
export function occurredBounds(filter: Condition): TimeBounds {
  const ranges = conjunctsOf(filter).flatMap((each) => (each.kind === 'during' && each.field === 'occurred' ? [each] : []));
  const since = ranges
    .flatMap((each) => each.since ?? [])
    .toSorted()
    .at(-1);
  const until = ranges
    .flatMap((each) => each.until ?? [])
    .toSorted()
    .at(0);
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}
