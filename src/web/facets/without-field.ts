import type { EventFilter, LabelFilter, RelatedFilter } from '../../client/tidings-client.ts';

/** What a list of values counts by. */
export type Field =
  | { readonly is: 'event' }
  | { readonly is: 'resource' }
  | { readonly is: 'role'; readonly role: string }
  | { readonly is: 'label'; readonly key: string };

/**
 * The filter without its conditions on a field, including and excluding ones: the values of a field
 * are counted with it, so that the others can still be chosen.
 *
 * Guarantees: only conditions that all events must meet are left out, so every event that matches
 * the filter matches the result. An `or` or `not` that also tests another field stays.
 */
export function withoutField(filter: EventFilter, field: Field): EventFilter {
  const { event, resource, related, and, or, not, ...others } = given(filter);
  const kept: Record<string, unknown> = { ...others };
  if (event !== undefined && field.is !== 'event') kept['event'] = event;
  if (resource !== undefined) {
    const { id, labels, ...more } = resource;
    const keptLabels = labels?.filter((label) => !isOfLabel(label, field));
    const rest = {
      ...more,
      ...(id !== undefined && field.is !== 'resource' && { id }),
      ...(keptLabels !== undefined && keptLabels.length > 0 && { labels: keptLabels }),
    };
    if (Object.keys(rest).length > 0) kept['resource'] = rest;
  }
  const keptRelated = related?.filter((each) => !isOfRole(each, field));
  if (keptRelated !== undefined && (keptRelated.length > 0 || related?.length === 0)) kept['related'] = keptRelated;
  const keptAnd = and?.map((each) => withoutField(each, field)).filter((each) => !isEmpty(each));
  if (keptAnd !== undefined && keptAnd.length > 0) kept['and'] = keptAnd;
  if (or !== undefined && !(or.length > 0 && or.every((each) => isOnlyAbout(each, field)))) kept['or'] = or;
  if (not !== undefined && !isOnlyAbout(not, field)) kept['not'] = not;
  return kept;
}

/** Whether a filter has conditions, all of them on the field. */
function isOnlyAbout(filter: EventFilter, field: Field): boolean {
  return !isEmpty(filter) && isEmpty(withoutField(filter, field));
}

/** An explicit null is the same as leaving a field out. */
function given(filter: EventFilter): EventFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null));
}

function isEmpty(filter: EventFilter): boolean {
  return Object.keys(filter).length === 0;
}

function isOfLabel({ key }: LabelFilter, field: Field): boolean {
  return field.is === 'label' && field.key === key;
}

function isOfRole({ role }: RelatedFilter, field: Field): boolean {
  return field.is === 'role' && role?.length === 1 && role[0] === field.role;
}
