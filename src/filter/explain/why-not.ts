import { describeFilter } from './describe-filter.ts';
import type { StoredEvent } from '../../event/event.ts';
import { type FilterPart, type NamedPart, partsOf } from './clauses.ts';
import type { FilterBounds } from '../parse/parse-context.ts';
import { jsonLengthUpTo } from '../../event/json.ts';
import { matches } from '../matches.ts';
import { parseFilter } from '../parse/parse-filter.ts';
import type { EventFilterInput } from '../parse/filter-input.ts';

export interface FailedClause {
  /** Where in the filter, for example ["filter", "related", "0", "role"]. */
  readonly path: readonly string[];
  /** What the event would have to be, in words. */
  readonly expected: string;
  /** What it has there; null when that is nothing, or too much to show. */
  readonly got: unknown;
}

/**
 * The parts of a filter that an event fails, the smallest that can be named; none exactly when it matches. Each of them
 * fails by itself: as a filter of its own it does not match the event. Throws BAD_FILTER.
 *
 * It reads the filter as it was written, since only that has paths: and, or and not here, everything else by
 * `matches`. Every operator is asked once, and again with what it stands together with in one resource; only what is
 * reported is put into words.
 */
export function whyNot(filter: EventFilterInput, event: StoredEvent, bounds: FilterBounds): readonly FailedClause[] {
  parseFilter(filter, root, bounds); // refuses it as a whole; then no part of it can be refused
  const conditionOf = (part: NamedPart) => parseFilter(part.alone, root, bounds);
  const failed = failing(partsOf(filter, root), (part) => matches(conditionOf(part), event));
  return failed.map((part) => {
    return { path: part.path, expected: `${describeFilter(conditionOf(part))}${remark(part)}`, got: shown(part.got(event)) };
  });
}

const root: readonly string[] = ['filter'];

function failing(part: FilterPart, holds: (part: NamedPart) => boolean): readonly NamedPart[] {
  const below = (parts: readonly FilterPart[]): readonly NamedPart[] => parts.flatMap((each) => failing(each, holds));
  switch (part.kind) {
    case 'each':
      return below(part.parts);
    case 'some': {
      const alternatives = part.parts.map((each) => failing(each, holds));
      return alternatives.some((failed) => failed.length === 0) ? [] : [part, ...alternatives.flat()];
    }
    case 'none':
      return failing(part.part, holds).length === 0 ? [part] : [];
    case 'one': {
      if (holds(part)) return [];
      const smaller = below(part.parts);
      return smaller.length === 0 ? [part] : smaller;
    }
    default:
      return part satisfies never;
  }
}

/** A part is reported while it has parts itself when each of these holds of another resource. */
function remark(part: NamedPart): string {
  return part.kind === 'one' && part.parts.length > 0 ? ': each part of this is met, but no single resource meets all of it' : '';
}

function shown(got: unknown): unknown {
  return got === undefined || jsonLengthUpTo(longestShown, got) > longestShown ? null : got;
}

/** Characters of JSON. */
const longestShown = 1000;
