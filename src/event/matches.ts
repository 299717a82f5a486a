import type { StoredEvent } from './event.ts';
import type { Condition, TextField, TimeField } from './filter.ts';
import type { Instant } from './instant.ts';

/** The in-memory reading of a filter: whether it holds for this event. Its twin in SQL is store/filter-sql. */
export function matches(condition: Condition, event: StoredEvent): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.of.every((each) => matches(each, event));
    case 'any':
      return condition.of.some((each) => matches(each, event));
    case 'not':
      return !matches(condition.of, event);
    case 'oneOf':
      return condition.values.includes(textOf(event, condition.field));
    case 'startsWith': {
      const text = textOf(event, condition.field);
      return condition.prefixes.some((prefix) => text.startsWith(prefix));
    }
    case 'during': {
      const { since, until } = condition;
      const time = timeOf(event, condition.field);
      return (since === undefined || time >= since) && (until === undefined || time < until);
    }
    default:
      return condition satisfies never;
  }
}

function textOf(event: StoredEvent, field: TextField): string {
  switch (field) {
    case 'id':
      return event.id;
    case 'event':
      return event.event;
    case 'resource.id':
      return event.resource.id;
    default:
      return field satisfies never;
  }
}

function timeOf(event: StoredEvent, field: TimeField): Instant {
  return event[field];
}
