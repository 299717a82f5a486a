import type { StoredEvent } from '../../event/event.ts';
import { jsonLengthUpTo } from '../../event/json.ts';
import { matches } from '../matches.ts';
import type { EventFilterInput } from '../parse/filter-input.ts';
import type { FilterBounds } from '../parse/parse-context.ts';
import { parseFilter } from '../parse/parse-filter.ts';
import { clausesOf, type FilterClause, type NamedClause } from './clauses.ts';
import { describeFilter } from './describe-filter.ts';

export interface FailedClause {
  /** The path in the filter, for example ["filter", "related", "0", "role"]. */
  readonly path: readonly string[];
  /** The condition that failed, in words. */
  readonly expected: string;
  /** The value that the event has; null if there is none, or if it is too long to show. */
  readonly got: unknown;
}

/**
 * The smallest parts of a filter that an event fails; none exactly if the event matches. Each part
 * that is returned fails as a filter of its own. Throws BAD_FILTER.
 *
 * It works on the filter as written, because only that has paths. `and`, `or` and `not` are
 * evaluated here, all other parts by `matches`: every operator once, and again together with the
 * other parts that one resource or value must meet.
 */
export function whyNot(filter: EventFilterInput, event: StoredEvent, bounds: FilterBounds): readonly FailedClause[] {
  parseFilter(filter, rootPath, bounds); // throws for the whole filter, so that parsing a part of it cannot throw
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
    case 'operator':
      return holds(clause) ? [] : [clause];
    case 'single': {
      if (holds(clause)) return [];
      const narrower = failedAmong(clause.clauses);
      return narrower.length === 0 ? [clause] : narrower;
    }
    default:
      return clause satisfies never;
  }
}

/** A clause with parts is only returned if every part holds, each for another resource or value. */
function remark(clause: NamedClause): string {
  if (clause.kind !== 'single' || clause.clauses.length === 0) return '';
  return `: each part of this is met, but no single ${clause.subject} meets all of it`;
}

function boundedValue(got: unknown): unknown {
  return got === undefined || jsonLengthUpTo(maxGotLength, got) > maxGotLength ? null : got;
}

/** Characters of JSON. Longer values are not shown. */
const maxGotLength = 1000;
