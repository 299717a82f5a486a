import { digestTestOf } from '../../skip-index/prune-filter.ts';
import { isIdle } from '../../skip-index/pruning-predicate.ts';
import { describeFilter } from '../../filter/explain/describe-filter.ts';
import { type Condition, conjunctsOf } from '../../filter/filter.ts';
import { isFiled } from '../skip-index/pruning-sql.ts';
import { wayTo } from './access-path.ts';

/** How the events of a filter are found, for people. */
export interface Search {
  /** The parts that lead to the events, in words; none: all are looked at, in order. */
  readonly foundBy: readonly string[];
  readonly index: string;
  /** The parts that tell the events found so, in words. */
  readonly checked: readonly string[];
}

/** Explains how the newest events that match are found. */
export function explainSearch(filter: Condition): Search {
  const parts = conjunctsOf(filter);
  const way = wayTo({ filter, order: 'NEWEST_FIRST' });
  switch (way.kind) {
    case 'ids':
      return split(parts, 'event_ids', (part) => part.kind === 'oneOf' && part.field === 'id');
    case 'follows':
      return split(parts, 'events_by_follows', (part) => part.kind === 'oneOf' && part.field === 'follows');
    case 'digests': {
      const found = split(parts, 'digests_by_terms', (part) => isFiled(digestTestOf(part)));
      if (found.foundBy.length > 0) return found;
      return split(parts, 'digests_by_last_occurred', (part) => !isIdle(digestTestOf(part)));
    }
    case 'walk':
      return split(parts, 'events_by_occurred', (part) => part.kind === 'during' && part.field === 'occurred');
    default:
      return way satisfies never;
  }
}

function split(parts: readonly Condition[], index: string, leads: (part: Condition) => boolean): Search {
  return {
    foundBy: parts.filter(leads).map(describeFilter),
    index,
    checked: parts.filter((part) => !leads(part)).map(describeFilter),
  };
}
