import { formatRejectedCursor, parseRejectedCursor } from '../../src/event/cursor.ts';
import { readRejected, type RejectedEvent } from '../../src/store/rejected-events.ts';
import { builder } from '../builder.ts';
import { pageLimit } from '../events/event-connection.ts';
import { PageInfo, type PageEdges } from '../events/paging.ts';
import { requires } from '../permissions.ts';

interface RejectedEventConnection extends PageEdges {
  readonly nodes: readonly RejectedEvent[];
}

const RejectedEventType = builder.objectRef<RejectedEvent>('RejectedEvent').implement({
  description: 'An invalid event whose protocol cannot report the error to the sender, such as a frame of a WebSocket for events.',
  fields: (t) => ({
    received: t.expose('received', { type: 'DateTime' }),
    protocol: t.exposeString('protocol', { description: 'The protocol that received it, for example prefect.' }),
    keyId: t.exposeID('keyId', { nullable: true, description: 'The id of the API key that sent it; null without a key.' }),
    reason: t.exposeString('reason', { description: 'The expected and the received value.' }),
    raw: t.string({
      description: 'The received text, or its beginning. Bytes that are not UTF-8 are replaced by U+FFFD.',
      resolve: ({ raw }) => raw.toString(),
    }),
    bytes: t.exposeInt('bytes', { description: 'The number of bytes received.' }),
    truncated: t.boolean({
      description: 'True when `raw` is only the beginning of the received text.',
      resolve: ({ raw, bytes }) => raw.length < bytes,
    }),
  }),
});

const RejectedEventEdge = builder.objectRef<RejectedEvent>('RejectedEventEdge').implement({
  fields: (t) => ({
    node: t.field({ type: RejectedEventType, resolve: (rejected) => rejected }),
    cursor: t.field({
      type: 'Cursor',
      description: 'A position among the rejected events: valid as `after` of a page of rejected events.',
      resolve: ({ position }) => formatRejectedCursor(position),
    }),
  }),
});

const RejectedEventConnectionType = builder.objectRef<RejectedEventConnection>('RejectedEventConnection').implement({
  description: 'A page of rejected events, newest first.',
  fields: (t) => ({
    edges: t.field({ type: [RejectedEventEdge], resolve: ({ nodes }) => [...nodes] }),
    nodes: t.field({ type: [RejectedEventType], resolve: ({ nodes }) => [...nodes] }),
    pageInfo: t.field({ type: PageInfo, resolve: (connection) => connection }),
  }),
});

builder.queryField('rejectedEvents', (t) =>
  t.field({
    authScopes: requires('admin'),
    type: RejectedEventConnectionType,
    description:
      'Invalid events stored for inspection, newest first: those whose protocol cannot report them to the sender, and those that a request with `?on_error=skip` left out. The server stores at most 10,000, for as long as events. Requires ADMIN.',
    args: {
      first: t.arg.int({ defaultValue: 50, description: 'Number of rejected events, 0 to 1,000.' }),
      after: t.arg({ type: 'Cursor', description: 'Start after this cursor, which must come from a page of rejected events.' }),
    },
    async resolve(_root, args, { services: { limits }, loaders: { database } }): Promise<RejectedEventConnection> {
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
