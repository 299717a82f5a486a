import type { Condition } from '../src/event/filter.ts';
import { parseFilter, type EventFilterInput } from '../src/event/parse-filter.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';

/** Reads a `filter` argument. Throws BAD_FILTER. */
export function filterOf(input: EventFilterInput | null | undefined, context: Context): Condition {
  return parseFilter(input, ['filter'], context.services.limits);
}

const TimeRange = builder.inputType('TimeRange', {
  description: 'since is inclusive, until exclusive.',
  fields: (t) => ({ since: t.field({ type: 'DateTime' }), until: t.field({ type: 'DateTime' }) }),
});

const NameFilter = builder.inputType('NameFilter', {
  description: 'All operators given must hold. Prefixes are literal and case-sensitive.',
  fields: (t) => ({
    in: t.stringList({ description: 'One of these, exactly.' }),
    startsWith: t.stringList({ description: 'Begins with one of these.' }),
    notIn: t.stringList({ description: 'None of these.' }),
    notStartsWith: t.stringList({ description: 'Begins with none of these.' }),
  }),
});

const ResourceFilter = builder.inputType('ResourceFilter', {
  description: 'All conditions must be met by one and the same resource.',
  fields: (t) => ({ id: t.field({ type: NameFilter }) }),
});

export const EventFilter = builder.inputType('EventFilter', {
  description:
    'The same filter, with the same meaning, in queries, counts and subscriptions. Fields are ANDed. Values in a list are ORed, except that an excluding list (not…) excludes each. An empty object matches everything; an empty list matches nothing for an including field and excludes nothing for an excluding one; null is the same as leaving the field out.',
  fields: (t) => ({
    id: t.idList({ description: 'The event has one of these ids.' }),
    occurred: t.field({ type: TimeRange }),
    event: t.field({ type: NameFilter, description: 'The name of the event.' }),
    resource: t.field({ type: ResourceFilter, description: 'The primary resource.' }),
  }),
});
