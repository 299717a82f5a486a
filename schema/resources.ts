import { compareCodePoints, unstorableReason } from '../src/event/text.ts';
import { type Resource, labelOf, nameOf, shownLabels } from '../src/event/event.ts';
import { formatResourceCursor, parseResourceCursor } from '../src/event/cursor.ts';
import { builder } from './builder.ts';
import { pageLimit, openConnection } from './events/event-connection.ts';
import { ResourceType, EventConnectionType } from './events/event.ts';
import { PageInfo, type PageEdges, EventOrder, pagingArgs } from './events/paging.ts';
import { EventFilter, filterOf } from './events/filter.ts';

/** A page of resources. */
interface ResourceConnection extends PageEdges {
  readonly nodes: readonly Resource[];
}

const ResourceEdge = builder.objectRef<Resource>('ResourceEdge').implement({
  fields: (t) => ({
    node: t.field({ type: ResourceType, resolve: (resource) => resource }),
    cursor: t.field({
      type: 'Cursor',
      description: 'A place among the resources, good for the after of any such page, whatever its prefix.',
      resolve: ({ id }) => formatResourceCursor(id),
    }),
  }),
});

const ResourceConnectionType = builder.objectRef<ResourceConnection>('ResourceConnection').implement({
  description: 'A page of resources, by id.',
  fields: (t) => ({
    edges: t.field({ type: [ResourceEdge], resolve: ({ nodes }) => [...nodes] }),
    nodes: t.field({ type: [ResourceType], resolve: ({ nodes }) => [...nodes] }),
    pageInfo: t.field({ type: PageInfo, resolve: (connection) => connection }),
  }),
});

builder.queryField('resources', (t) =>
  t.field({
    type: ResourceConnectionType,
    description:
      'Resources ever seen, primary or related in any event that is kept, by id, in the order of code points. Each as it appeared last.',
    args: {
      idPrefix: t.arg.string({ description: 'Literally the beginning of their ids.' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many, 1 to 1,000.' }),
      after: t.arg({ type: 'Cursor', description: 'Begin behind this cursor, which must come from a page of resources.' }),
    },
    async resolve(_root, args, { loaders, services }): Promise<ResourceConnection> {
      const limit = pageLimit({ first: args.first }, services.limits.pageSize);
      const idPrefix = args.idPrefix ?? '';
      const after = typeof args.after === 'string' ? parseResourceCursor(args.after, ['after']) : null;
      const found = await loaders.resources({ idPrefix, after, limit: limit + 1 });
      const nodes = found.slice(0, limit);
      return {
        nodes,
        hasNextPage: async () => found.length > limit,
        async hasPreviousPage() {
          if (after === null) return false;
          const [first] = await loaders.resources({ idPrefix, after: null, limit: 1 });
          return first !== undefined && compareCodePoints(first.id, after) <= 0;
        },
        async cursorAt(index) {
          const resource = nodes.at(index);
          return resource === undefined ? null : formatResourceCursor(resource.id);
        },
      };
    },
  }),
);

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
        return openConnection(context, { ...selection, scope: involvement ?? 'ANY', key: id }, paging);
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
    resolve: (_root, { id }, { loaders }) => (unstorableReason(id) === null ? loaders.resource(id) : null),
  }),
);
