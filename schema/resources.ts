import { formatResourceCursor, parseResourceCursor } from '../src/event/cursor.ts';
import { type Resource, labelOf, nameOf, shownLabels } from '../src/event/event.ts';
import { compareCodePoints } from '../src/event/text.ts';
import { builder } from './builder.ts';
import { pageLimit, openConnection } from './events/event-connection.ts';
import { EventConnectionType } from './events/event.ts';
import { EventFilter, filterOf } from './events/filter.ts';
import { PageInfo, type PageEdges, EventOrder, pagingArgs } from './events/paging.ts';
import { findResource, referenceTo, ResourceType } from './events/resource-snapshot.ts';
import { Node } from './node.ts';
import { requires } from './permissions.ts';

/** A page of resources. */
interface ResourceConnection extends PageEdges {
  readonly nodes: readonly Resource[];
}

const ResourceEdge = builder.objectRef<Resource>('ResourceEdge').implement({
  fields: (t) => ({
    node: t.field({ type: ResourceType, resolve: referenceTo }),
    cursor: t.field({
      type: 'Cursor',
      description: 'A position among the resources: valid as `after` of any page of resources, with any prefix.',
      resolve: ({ id }) => formatResourceCursor(id),
    }),
  }),
});

const ResourceConnectionType = builder.objectRef<ResourceConnection>('ResourceConnection').implement({
  description: 'A page of resources, by id.',
  fields: (t) => ({
    edges: t.field({ type: [ResourceEdge], resolve: ({ nodes }) => [...nodes] }),
    nodes: t.field({ type: [ResourceType], resolve: ({ nodes }) => nodes.map(referenceTo) }),
    pageInfo: t.field({ type: PageInfo, resolve: (connection) => connection }),
  }),
});

builder.queryField('resources', (t) =>
  t.field({
    authScopes: requires('read'),
    type: ResourceConnectionType,
    description:
      'Resources of the stored events, primary or related, ordered by id (by code point). Each is described by its newest event.',
    args: {
      idPrefix: t.arg.string({ description: 'The literal prefix of their ids.' }),
      first: t.arg.int({ defaultValue: 50, description: 'Number of resources, 0 to 1,000.' }),
      after: t.arg({ type: 'Cursor', description: 'Start after this cursor, which must come from a page of resources.' }),
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
  description: 'How a resource is involved in an event.',
  values: {
    PRIMARY: { description: 'The event concerns it.' },
    RELATED: { description: 'The event only relates to it.' },
    ANY: { description: 'Either.' },
  } as const,
});

ResourceType.implement({
  description: 'A resource: its identifier, and its name and labels as its newest event describes them.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Quasi-stable identifier: a dot-delimited string such as acme.user.kiki.' }),
    name: t.string({
      nullable: true,
      description: 'The label prefect.resource.name, or prefect.name, or null.',
      resolve: async ({ latest }) => nameOf(await latest()),
    }),
    labels: t.field({
      type: 'Labels',
      description: 'All labels except prefect.resource.id and prefect.resource.role.',
      resolve: async ({ latest }) => shownLabels(await latest()),
    }),
    label: t.string({
      nullable: true,
      description: 'The value of one label, including those that are fields; null when the resource has no such label.',
      args: { key: t.arg.string({ required: true }) },
      resolve: async ({ latest }, { key }) => labelOf(await latest(), key),
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
    authScopes: requires('read'),
    type: ResourceType,
    nullable: true,
    description:
      'The resource as the event that occurred last describes it, primary or related (an event that occurred more than 5 minutes after it was received counts from its receipt); null when no stored event mentions it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { loaders }) => findResource(id, loaders),
  }),
);
