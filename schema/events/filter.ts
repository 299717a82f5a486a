import { visibleTo, type VisibleFilter } from '../../src/auth/visibility.ts';
import type { Condition } from '../../src/filter/filter.ts';
import type { EventFilterInput } from '../../src/filter/parse/filter-input.ts';
import { parseFilter } from '../../src/filter/parse/parse-filter.ts';
import { builder } from '../builder.ts';
import type { Context } from '../context.ts';

/** Parses a `filter` argument and ANDs the caller's visibility filter to it. Throws BAD_FILTER. */
export function filterOf(input: EventFilterInput | null | undefined, context: Context): VisibleFilter {
  return visibleTo(context.caller, conditionOf(input, context));
}

/** Parses a `filter` argument without the visibility filter: not for reading events. Throws BAD_FILTER. */
export function conditionOf(input: EventFilterInput | null | undefined, { services }: Context): Condition {
  return parseFilter(input, ['filter'], services.limits);
}

const TimeRange = builder.inputType('TimeRange', {
  description: 'since is inclusive, until exclusive.',
  fields: (t) => ({ since: t.field({ type: 'DateTime' }), until: t.field({ type: 'DateTime' }) }),
});

const NameFilter = builder.inputType('NameFilter', {
  description:
    'like and notLike take globs: * any run of characters, ? any one, backslash escapes. All operators given must hold. Prefixes are literal. Everything is case-sensitive.',
  fields: (t) => ({
    in: t.stringList({ description: 'Equals one of these.' }),
    startsWith: t.stringList({ description: 'Begins with one of these.' }),
    like: t.stringList({ description: 'As a whole matches one of these globs.' }),
    notIn: t.stringList({ description: 'Equals none of these.' }),
    notStartsWith: t.stringList({ description: 'Begins with none of these.' }),
    notLike: t.stringList({ description: 'Matches none of these globs.' }),
  }),
});

const LabelFilter = builder.inputType('LabelFilter', {
  description:
    'like takes globs: * any run of characters, ? any one, backslash escapes. All operators given must hold. A resource without the label meets the excluding operators; add exists: true to require it. The keys prefect.resource.id, prefect.resource.role and prefect.resource.name read those fields.',
  fields: (t) => ({
    key: t.string({ required: true }),
    exists: t.boolean(),
    in: t.stringList({ description: 'One of these, exactly.' }),
    notIn: t.stringList({ description: 'None of these.' }),
    like: t.stringList({ description: 'Matches one of these globs as a whole.' }),
    notLike: t.stringList({ description: 'Matches none of these globs.' }),
  }),
});

const ResourceFilter = builder.inputType('ResourceFilter', {
  description: 'All conditions must be met by one and the same resource.',
  fields: (t) => ({
    id: t.field({ type: NameFilter }),
    labels: t.field({ type: [LabelFilter], description: 'Each entry must be met.' }),
  }),
});

const RelatedFilter = builder.inputType('RelatedFilter', {
  description: 'All conditions must be met by one and the same related resource.',
  fields: (t) => ({
    role: t.stringList({ description: 'It has one of these roles.' }),
    id: t.field({ type: NameFilter }),
    labels: t.field({ type: [LabelFilter], description: 'Each entry must be met.' }),
  }),
});

const PayloadFilter = builder.inputType('PayloadFilter', {
  description:
    'Compares the JSON values at a path; a step `*` stands for every element of a list, and one of them must satisfy the comparison. All operators given must hold, with `*` for one and the same value. eq and in compare by JSON equality (null is the JSON value null); gt, gte, lt, lte order numbers with numbers and strings with strings, and never match otherwise. An absent value meets only exists: false, which with `*` means that there is no value at all.',
  fields: (t) => ({
    path: t.string({
      required: true,
      description:
        'Dotted keys. A number selects an element of a list, or a key of an object; * stands for every element of a list. Quote a key that contains a dot or is *: a."b.c".0, a."*"',
    }),
    exists: t.boolean(),
    eq: t.field({ type: 'JSON' }),
    in: t.field({ type: ['JSON'], required: { list: false, items: false } }),
    gt: t.field({ type: 'JSON' }),
    gte: t.field({ type: 'JSON' }),
    lt: t.field({ type: 'JSON' }),
    lte: t.field({ type: 'JSON' }),
  }),
});

const EventFilterRef = builder.inputRef<EventFilterInput>('EventFilter');

export const EventFilter = EventFilterRef.implement({
  description:
    'The same filter, with the same meaning, in queries, counts and subscriptions. Fields are ANDed. Values in a list are ORed, except that an excluding list (not…) excludes each. An empty object matches everything; an empty list matches nothing for an including field and excludes nothing for an excluding one; an explicit null is the same as leaving the field out, except in PayloadFilter, where null in eq and in is the JSON value null.',
  fields: (t) => ({
    id: t.idList({ description: 'The event has one of these ids.' }),
    occurred: t.field({ type: TimeRange }),
    event: t.field({ type: NameFilter, description: 'The name of the event.' }),
    received: t.field({ type: TimeRange }),
    resource: t.field({ type: ResourceFilter, description: 'The primary resource.' }),
    related: t.field({
      type: [RelatedFilter],
      description: 'Each entry must be met, all its conditions on one and the same related resource.',
    }),
    anyResource: t.field({ type: [ResourceFilter], description: 'Each entry must be met by the primary or a related resource.' }),
    payload: t.field({ type: [PayloadFilter], description: 'Each entry must be met by the value at its path in the payload.' }),
    follows: t.idList({ description: 'The events that directly follow one of these.' }),
    text: t.string({
      description:
        'Case-insensitive substring search over event name, resource ids, label values and payload strings, after Unicode normalization (NFC). Spaces separate terms; double quotes enclose a phrase; a backslash escapes a quote or a backslash. At least one of the plain terms must occur, every term with the prefix + must occur, and no term with the prefix - or ! may occur. Example: +failed nightly "flow run" -test finds events that contain failed, contain nightly or flow run, and do not contain test. At most 200 characters. A text without any term is BAD_FILTER.',
    }),
    and: t.field({ type: [EventFilterRef] }),
    or: t.field({ type: [EventFilterRef] }),
    not: t.field({ type: EventFilterRef }),
  }),
});
