import { describeFilter } from './describe-filter.ts';
import type { StoredEvent } from '../../event/event.ts';
import { type FilterClause, type NamedClause, clausesOf } from './clauses.ts';
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
  parseFilter(filter, rootPath, bounds); // refuses it as a whole; then no part of it can be refused
  const conditionOf = (clause: NamedClause) => parseFilter(clause.asFilter, rootPath, bounds);
  const failed = failedClauses(clausesOf(filter, rootPath), (clause) => matches(conditionOf(clause), event));
  return failed.map((clause) => {
    return {
      path: clause.path,
      expected: `${describeFilter(conditionOf(clause))}${remark(clause)}`,
      got: boundedValue(clause.readValue(event)),
    };
  });
}

const rootPath: readonly string[] = ['filter'];

function failedClauses(clause: FilterClause, holds: (clause: NamedClause) => boolean): readonly NamedClause[] {
  const failedAmong = (clauses: readonly FilterClause[]): readonly NamedClause[] => clauses.flatMap((each) => failedClauses(each, holds));
  switch (clause.kind) {
    case 'all':
      return failedAmong(clause.clauses);
    case 'any': {
      const alternatives = clause.clauses.map((each) => failedClauses(each, holds));
      return alternatives.some((failed) => failed.length === 0) ? [] : [clause, ...alternatives.flat()];
    }
    case 'not':
      return failedClauses(clause.clause, holds).length === 0 ? [clause] : [];
    case 'single': {
      if (holds(clause)) return [];
      const narrower = failedAmong(clause.clauses);
      return narrower.length === 0 ? [clause] : narrower;
    }
    default:
      return clause satisfies never;
  }
}

/** A part is reported while it has parts itself when each of these holds of another resource. */
function remark(clause: NamedClause): string {
  return clause.kind === 'single' && clause.clauses.length > 0 ? ': each part of this is met, but no single resource meets all of it' : '';
}

function boundedValue(got: unknown): unknown {
  return got === undefined || jsonLengthUpTo(maxGotLength, got) > maxGotLength ? null : got;
}

/** Characters of JSON. */
const maxGotLength = 1000;
