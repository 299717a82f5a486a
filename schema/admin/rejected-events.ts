import { formatRejectedCursor, parseRejectedCursor } from '../../src/event/cursor.ts';
import { readRejected, type RejectedEvent } from '../../src/store/rejected-events.ts';
import { builder } from '../builder.ts';
import { pageLimit } from '../events/event-connection.ts';
import { PageInfo, type PageEdges } from '../events/paging.ts';

interface RejectedEventConnection extends PageEdges {
  readonly nodes: readonly RejectedEvent[];
}

const RejectedEventType = builder.objectRef<RejectedEvent>('RejectedEvent').implement({
  description: 'Something that was refused where its sender learns nothing of it, such as a frame of a socket for events.',
  fields: (t) => ({
    received: t.expose('received', { type: 'DateTime' }),
    protocol: t.exposeString('protocol', { description: 'Where it came in, for example prefect.' }),
    keyId: t.exposeID('keyId', { nullable: true, description: 'The key that it came with; null where there was none.' }),
    reason: t.exposeString('reason', { description: 'What was expected, and what came.' }),
    raw: t.string({
      description: 'As it came, or its beginning; bytes that are no UTF-8 are shown as U+FFFD.',
      resolve: ({ raw }) => raw.toString(),
    }),
    bytes: t.exposeInt('bytes', { description: 'How many bytes it had.' }),
    truncated: t.boolean({ description: 'True when `raw` is only its beginning.', resolve: ({ raw, bytes }) => raw.length < bytes }),
  }),
});

const RejectedEventEdge = builder.objectRef<RejectedEvent>('RejectedEventEdge').implement({
  fields: (t) => ({
    node: t.field({ type: RejectedEventType, resolve: (rejected) => rejected }),
    cursor: t.field({
      type: 'Cursor',
      description: 'A place among the rejected events, good for the after of a page of them.',
      resolve: ({ position }) => formatRejectedCursor(position),
    }),
  }),
});

const RejectedEventConnectionType = builder.objectRef<RejectedEventConnection>('RejectedEventConnection').implement({
  description: 'A page of rejected events, the latest first.',
  fields: (t) => ({
    edges: t.field({ type: [RejectedEventEdge], resolve: ({ nodes }) => [...nodes] }),
    nodes: t.field({ type: [RejectedEventType], resolve: ({ nodes }) => [...nodes] }),
    pageInfo: t.field({ type: PageInfo, resolve: (connection) => connection }),
  }),
});

builder.queryField('rejectedEvents', (t) =>
  t.field({
    type: RejectedEventConnectionType,
    description: 'What was refused and kept, the latest first. At most 10,000, for as long as events are kept. For keys that may ADMIN.',
    args: {
      first: t.arg.int({ defaultValue: 50, description: 'Number of rejected events, 0 to 1,000.' }),
      after: t.arg({ type: 'Cursor', description: 'Start after this cursor, which must come from a page of rejected events.' }),
    },
    async resolve(_root, args, { services: { database, limits } }): Promise<RejectedEventConnection> {
      const limit = pageLimit({ first: args.first }, limits.pageSize);
      const after = typeof args.after === 'string' ? parseRejectedCursor(args.after, ['after']) : null;
      const found = await readRejected(database, after, limit + 1);
      const nodes = found.slice(0, limit);
      return {
        nodes,
        hasNextPage: async () => found.length > limit,
        async hasPreviousPage() {
          const [latest] = after === null ? [] : await readRejected(database, null, 1);
          return latest !== undefined && after !== null && latest.position >= after;
        },
        async cursorAt(index) {
          const rejected = nodes.at(index);
          return rejected === undefined ? null : formatRejectedCursor(rejected.position);
        },
      };
    },
  }),
);
