import { labelKeys } from '../../event/event.ts';
import type { Condition, ResourceTest } from '../../filter/filter.ts';
import { payloadName } from './payload-columns.ts';
import type { ValueKind } from './label-columns.ts';

/** Which column of a chapter: its events' names, their primary resources' ids, one of its value columns, or a path of payloads; or all of roles. */
export interface ColumnName {
  readonly kind: 'event' | 'resource' | 'payload' | 'related' | ValueKind;
  /** Of a value column, or of a path (see `payloadName`). */
  readonly name: string;
}

/** The columns that decide a condition, each once; null: there are none such. */
export function columnsOf(condition: Condition): readonly ColumnName[] | null {
  const about = aboutOf(condition);
  if (about === null) return null;
  const names = about.filter((each, index) => about.findIndex((other) => isSame(other, each)) === index);
  // What `roles` says of a resource has no id, which a test of ids would take for one.
  const mixed = names.some(({ kind }) => kind === 'roles') && names.some(({ kind }) => kind === 'role');
  return mixed ? null : names;
}

export function isSame(one: ColumnName, other: ColumnName): boolean {
  return one.kind === other.kind && one.name === other.name;
}

function aboutOf(condition: Condition): readonly ColumnName[] | null {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return allOrNull(condition.of.map(aboutOf));
    case 'not':
      return aboutOf(condition.of);
    case 'oneOf':
    case 'startsWith':
      return condition.field === 'event' ? [{ kind: 'event', name: '' }] : null;
    case 'resource':
      if (condition.among === 'any') return null;
      return condition.among === 'primary' ? labelsOf(condition.passes).map(labelColumn) : relatedColumns(condition.passes);
    case 'payload':
      return [{ kind: 'payload', name: payloadName(condition.path) }];
    case 'during':
    case 'contains':
      return null;
    default:
      return condition satisfies never;
  }
}

export function labelColumn(label: string): ColumnName {
  return label === labelKeys.id ? { kind: 'resource', name: '' } : { kind: 'label', name: label };
}

/** What is asked of the role alone is said by `roles`; of ids in certain roles by the columns of these. */
function relatedColumns(test: ResourceTest): readonly ColumnName[] | null {
  const labels = labelsOf(test);
  if (labels.every((label) => label === labelKeys.role)) return [{ kind: 'roles', name: '' }];
  if (!labels.every((label) => label === labelKeys.role || label === labelKeys.id)) return null;
  return rolesOf(test)?.map((name) => ({ kind: 'role', name })) ?? null;
}

/** The labels that a test is about. */
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

/** The roles of which a resource must have one to pass; null: it may have any. */
function rolesOf(test: ResourceTest): readonly string[] | null {
  if (test.kind === 'oneOf' && test.label === labelKeys.role) return test.values;
  if (test.kind !== 'all') return null;
  return test.of.map(rolesOf).find((roles) => roles !== null) ?? null;
}

function allOrNull(lists: readonly (readonly ColumnName[] | null)[]): readonly ColumnName[] | null {
  return lists.includes(null) ? null : lists.flatMap((list) => list ?? []);
}
