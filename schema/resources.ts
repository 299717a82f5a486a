import { byCodePoints } from '../src/event/code-point-order.ts';
import type { Resource } from '../src/event/event.ts';
import { formatResourceCursor, parseResourceCursor } from '../src/event/resource-cursor.ts';
import { builder } from './builder.ts';
import { pageLimit } from './events/event-connection.ts';
import { ResourceType } from './events/event.ts';
import { PageInfo, type PageEdges } from './events/paging.ts';

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
    async resolve(_root, args, { reads, services }): Promise<ResourceConnection> {
      const limit = pageLimit({ first: args.first }, services.limits.pageSize);
      const idPrefix = args.idPrefix ?? '';
      const after = typeof args.after === 'string' ? parseResourceCursor(args.after, ['after']) : null;
      const found = await reads.resources({ idPrefix, after, limit: limit + 1 });
      const nodes = found.slice(0, limit);
      return {
        nodes,
        hasNextPage: async () => found.length > limit,
        async hasPreviousPage() {
          if (after === null) return false;
          const [first] = await reads.resources({ idPrefix, after: null, limit: 1 });
          return first !== undefined && byCodePoints(first.id, after) <= 0;
        },
        async cursorAt(index) {
          const resource = nodes.at(index);
          return resource === undefined ? null : formatResourceCursor(resource.id);
        },
      };
    },
  }),
);
