import type { CountBy, EventFilter, NameFilter } from '../../client/tidings-client.ts';
import { escapeGlob } from '../query/query-value.ts';
import type { Condition } from '../query/condition.ts';
import { withoutField, type Field } from './without-field.ts';
import type { ValueRow } from './value-rows.ts';

/** What is counted by: the first segments of a name, or whole values. */
export function dimensionOf(field: Field, segments: number | null): CountBy {
  switch (field.is) {
    case 'event':
      return { event: segments === null ? {} : { segments } };
    case 'resource':
      return { resource: segments === null ? {} : { segments } };
    case 'role':
      return { role: { role: field.role } };
    case 'label':
      return { label: { key: field.key } };
    default:
      return field satisfies never;
  }
}

/** The filter that the values of a field are counted with: without its own conditions, with these instead. */
export function countFilter(filter: EventFilter, field: Field, names: NameFilter | null): EventFilter {
  const others = withoutField(filter, field);
  return names === null ? others : { and: [others, filterOf(field, names)] };
}

function filterOf(field: Field, names: NameFilter): EventFilter {
  switch (field.is) {
    case 'event':
      return { event: names };
    case 'resource':
      return { resource: { id: names } };
    case 'role':
      return { related: [{ role: [field.role], id: names }] };
    case 'label':
      return { resource: { labels: [{ key: field.key, ...names }] } };
    default:
      return field satisfies never;
  }
}

/** Values that contain a text. */
export function containing(text: string): NameFilter {
  return { like: [`*${escapeGlob(text)}*`] };
}

/** The condition that a row adds. */
export function conditionOf(field: Field, { value, isPrefix }: Pick<ValueRow, 'value' | 'isPrefix'>): Condition {
  switch (field.is) {
    case 'event':
    case 'resource':
      return isPrefix ? { is: field.is, value: `${escapeGlob(value)}.*`, isGlob: true } : { is: field.is, value };
    case 'role':
      return { is: 'related', role: field.role, value };
    case 'label':
      return { is: 'label', key: field.key, value };
    default:
      return field satisfies never;
  }
}

/** The name of a field in front of a value. */
export function fieldName(field: Field): string {
  if (field.is === 'role') return field.role;
  return field.is === 'label' ? field.key : field.is;
}
