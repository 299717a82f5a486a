import type { Column, Part } from '../../skip-index/columns/decoded-columns.ts';
import { labelsOf, type ColumnName } from '../../skip-index/columns/column-ref.ts';
import { labelKeys } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { resourcePasses } from '../../filter/matches.ts';

/**
 * How to filter by the ids of related resources in any role, or of primary and related ones, by the columns of all roles:
 * an event passes if one of its resources does, so each list of ids is looked at once, and not each combination of lists.
 * Null: the condition is about something else.
 */
export function relatedPart(condition: Condition, place: (column: ColumnName) => number): Part | null {
  const negated = condition.kind === 'not';
  const asked = negated ? condition.of : condition;
  if (asked.kind !== 'resource' || asked.among === 'primary') return null;
  const { among, passes } = asked;
  // Of a primary resource the role is a label.
  const told: readonly string[] = among === 'any' ? [labelKeys.id] : [labelKeys.id, labelKeys.role];
  if (!labelsOf(passes).every((label) => told.includes(label))) return null;
  place({ kind: 'related', name: '' });
  const primary = among === 'any' ? place({ kind: 'resource', name: '' }) : null;
  const known = new Map<string, Map<string, boolean>>();
  return ({ columns, roles }, passing) => {
    if (known.size > mostKnown) known.clear();
    const found = new Uint8Array(passing.length);
    for (const { role, column } of roles) {
      const knownOf = known.get(role) ?? new Map<string, boolean>();
      known.set(role, knownOf.size < mostKnown ? knownOf : new Map());
      find(column, (id) => remembered(knownOf, id, () => resourcePasses(passes, { id, role, labels: {} })), found);
    }
    const own = primary === null ? undefined : columns[primary];
    if (own !== undefined) find(own, (id) => resourcePasses(passes, { id, labels: {} }), found);
    for (let index = 0; index < passing.length; index += 1) if ((found[index] === 1) === negated) passing[index] = 0;
  };
}

/** Chapters that follow one another mention the same related resources. */
function remembered(known: Map<string, boolean>, id: string, ask: () => boolean): boolean {
  const answer = known.get(id) ?? ask();
  known.set(id, answer);
  return answer;
}

/** Notes the events of which an id passes. */
function find({ values, of }: Column, passes: (id: string) => boolean, found: Uint8Array): void {
  const isFound = values.map((value) => (typeof value === 'string' ? passes(value) : value?.some(passes) === true));
  for (let index = 0; index < found.length; index += 1) if (isFound[of[index] ?? 0] === true) found[index] = 1;
}

/** Roles, and ids of each, that are remembered; what one chapter has beyond comes on top. */
const mostKnown = 4096;
