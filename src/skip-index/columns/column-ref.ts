import { labelKeys } from '../../event/event.ts';
import { isExactPath } from '../../event/payload-path.ts';
import type { Condition, ResourceTest } from '../../filter/filter.ts';
import { payloadName } from './payload-columns.ts';
import type { LabelColumnKind } from './label-columns.ts';

/**
 * Refers to a column of a row group: event names, ids of primary resources, a label or role, the
 * list of roles, a payload path, or (`related`) the ids in all roles.
 */
export interface ColumnRef {
  readonly kind: 'event' | 'resource' | 'payload' | 'related' | LabelColumnKind;
  /** The label, the role, or the `payloadName` of a path; otherwise empty. */
  readonly name: string;
}

/** The columns that decide a condition, each once; null if columns cannot decide it. */
export function columnsOf(condition: Condition): readonly ColumnRef[] | null {
  const referenced = referencedColumns(condition);
  if (referenced === null) return null;
  const distinct = referenced.filter((each, index) => referenced.findIndex((other) => isSame(other, each)) === index);
  // Resources from `roles` have no id: a condition on ids would take the missing id for a value.
  const mixed = distinct.some(({ kind }) => kind === 'roles') && distinct.some(({ kind }) => kind === 'role');
  return mixed ? null : distinct;
}

/** The index of a column in a list, to which it is added if it is new. */
export function indexOfColumn(columns: ColumnRef[], column: ColumnRef): number {
  const known = columns.findIndex((each) => isSame(each, column));
  return known === -1 ? columns.push(column) - 1 : known;
}

function isSame(one: ColumnRef, other: ColumnRef): boolean {
  return one.kind === other.kind && one.name === other.name;
}

function referencedColumns(condition: Condition): readonly ColumnRef[] | null {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return allOrNull(condition.of.map(referencedColumns));
    case 'not':
      return referencedColumns(condition.of);
    case 'oneOf':
    case 'startsWith':
    case 'like':
      return condition.field === 'event' ? [{ kind: 'event', name: '' }] : null;
    case 'resource':
      if (condition.among === 'any') return null;
      return condition.among === 'primary' ? labelsOf(condition.passes).map(labelColumnRef) : relatedColumns(condition.passes);
    case 'payload':
      return isExactPath(condition.path) ? [{ kind: 'payload', name: payloadName(condition.path) }] : null;
    case 'during':
    case 'contains':
      return null;
    default:
      return condition satisfies never;
  }
}

export function labelColumnRef(label: string): ColumnRef {
  return label === labelKeys.id ? { kind: 'resource', name: '' } : { kind: 'label', name: label };
}

/**
 * `roles` decides conditions on the role alone; the columns of certain roles decide conditions on
 * ids in them.
 */
function relatedColumns(test: ResourceTest): readonly ColumnRef[] | null {
  const labels = labelsOf(test);
  if (labels.every((label) => label === labelKeys.role)) return [{ kind: 'roles', name: '' }];
  if (!labels.every((label) => label === labelKeys.role || label === labelKeys.id)) return null;
  return rolesOf(test)?.map((name) => ({ kind: 'role', name })) ?? null;
}

/** The labels that a condition on a resource refers to. */
export function labelsOf(test: ResourceTest): readonly string[] {
  switch (test.kind) {
    case 'all':
    case 'any':
      return test.of.flatMap(labelsOf);
    case 'not':
      return labelsOf(test.of);
    default:
      return [test.label];
  }
}

/** The roles of which a resource must have one to match; null if any role can match. */
function rolesOf(test: ResourceTest): readonly string[] | null {
  if (test.kind === 'oneOf' && test.label === labelKeys.role) return test.values;
  if (test.kind !== 'all') return null;
  return test.of.map(rolesOf).find((roles) => roles !== null) ?? null;
}

function allOrNull(lists: readonly (readonly ColumnRef[] | null)[]): readonly ColumnRef[] | null {
  return lists.includes(null) ? null : lists.flatMap((list) => list ?? []);
}
