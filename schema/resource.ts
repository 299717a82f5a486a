import { labelOf, nameOf, shownLabels } from '../src/event/event.ts';
import { unstorable } from '../src/event/text.ts';
import { builder } from './builder.ts';
import { openConnection } from './events/event-connection.ts';
import { EventConnectionType, ResourceType } from './events/event.ts';
import { EventFilter, filterOf } from './events/filter.ts';
import { EventOrder, pagingArgs } from './events/paging.ts';

const Involvement = builder.enumType('Involvement', {
  description: "A resource's part in an event.",
  values: {
    PRIMARY: { description: 'The event concerns it.' },
    RELATED: { description: 'The event relates to it.' },
    ANY: { description: 'Either.' },
  } as const,
});

ResourceType.implement({
  description: 'A resource as it appeared in an event, or, from Query.resource, as it appeared last.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Quasi-stable identifier: a dot-delimited string such as acme.user.kiki.' }),
    name: t.string({ nullable: true, description: 'The label prefect.resource.name, or prefect.name, or null.', resolve: nameOf }),
    labels: t.field({ type: 'Labels', resolve: shownLabels }),
    label: t.string({
      nullable: true,
      description: 'The value of one label, also of those that are fields; null when it has no such label.',
      args: { key: t.arg.string({ required: true }) },
      resolve: (resource, { key }) => labelOf(resource, key),
    }),
    events: t.field({
      type: EventConnectionType,
      description: 'Events that concern this resource (PRIMARY), that only relate to it (RELATED), or both.',
      args: {
        involvement: t.arg({ type: Involvement, defaultValue: 'ANY' }),
        filter: t.arg({ type: EventFilter }),
        order: t.arg({ type: EventOrder, defaultValue: 'NEWEST_FIRST' }),
        ...pagingArgs(t.arg),
      },
      resolve: ({ id }, { filter, order, involvement, ...paging }, context) => {
        const selection = { filter: filterOf(filter, context), order: order ?? 'NEWEST_FIRST' } as const;
        return openConnection(context, { ...selection, tie: involvement ?? 'ANY', key: id }, paging);
      },
    }),
  }),
});

builder.queryField('resource', (t) =>
  t.field({
    type: ResourceType,
    nullable: true,
    description: 'The resource as it appeared last in any event, primary or related: in the one that occurred last.',
    args: { id: t.arg.id({ required: true }) },
    // Nothing is called what cannot be stored, and the database would not be asked for it.
    resolve: (_root, { id }, { reads }) => (unstorable(id) === null ? reads.resource(id) : null),
  }),
);
