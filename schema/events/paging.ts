import type { ArgBuilder } from '@pothos/core';
import { TidingsError } from '../../src/errors.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import { builder } from '../builder.ts';
import type { EventConnection } from './event-connection.ts';
import { EventConnectionType, EventType, logCursor } from './event.ts';

export const EventOrder = builder.enumType('EventOrder', {
  description: 'The order of a page of events. It is a total order, so paging while events arrive neither repeats nor skips events.',
  values: {
    NEWEST_FIRST: { description: 'By occurred, latest first; ties by position in the log, latest first.' },
    OLDEST_FIRST: { description: 'By occurred, earliest first; ties by position in the log.' },
    LOG: { description: 'By position in the log: the order in which events were stored and are delivered live.' },
  } as const,
});

type Types = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer T> ? T : never;

export function pagingArgs(arg: ArgBuilder<Types>) {
  return {
    first: arg.int({ description: 'Number of events from the start, 0 to 1,000; 50 when neither first nor last is given.' }),
    after: arg({ type: 'Cursor', description: 'Start after this cursor, which must come from a page of the same order.' }),
    last: arg.int({ description: 'Number of events from the end, 0 to 1,000. Not together with first.' }),
    before: arg({ type: 'Cursor', description: 'End before this cursor, which must come from a page of the same order.' }),
  };
}

interface Edge {
  readonly node: StoredEvent;
  readonly connection: EventConnection;
}

const EventEdge = builder.objectRef<Edge>('EventEdge').implement({
  fields: (t) => ({
    node: t.expose('node', { type: EventType }),
    cursor: t.field({
      type: 'Cursor',
      description: 'A position in the order of this page: valid as `after` and `before` of pages of the same order.',
      resolve: ({ node, connection }) => connection.cursor(node),
    }),
  }),
});

/** The value of the type PageInfo: the edges of a page of any type. */
export interface PageEdges {
  hasNextPage(): Promise<boolean>;
  hasPreviousPage(): Promise<boolean>;
  /** The cursor of the first (0) or last (-1) node; null on an empty page. */
  cursorAt(index: 0 | -1): Promise<string | null>;
}

export const PageInfo = builder.objectRef<PageEdges>('PageInfo').implement({
  fields: (t) => ({
    hasNextPage: t.boolean({ resolve: (edges) => edges.hasNextPage() }),
    hasPreviousPage: t.boolean({ resolve: (edges) => edges.hasPreviousPage() }),
    startCursor: t.field({ type: 'Cursor', nullable: true, resolve: async (edges) => edges.cursorAt(0) }),
    endCursor: t.field({ type: 'Cursor', nullable: true, resolve: async (edges) => edges.cursorAt(-1) }),
  }),
});

const CappedCount = builder.objectRef<{ count: number; exceeded: boolean }>('CappedCount').implement({
  fields: (t) => ({
    count: t.exposeInt('count'),
    exceeded: t.exposeBoolean('exceeded', { description: 'True when more events match than `max`: counting stopped there.' }),
  }),
});

EventConnectionType.implement({
  description: 'A page of events.',
  fields: (t) => ({
    edges: t.field({
      type: [EventEdge],
      resolve: async (connection) => (await connection.page()).events.map((node) => ({ node, connection })),
    }),
    nodes: t.field({ type: [EventType], resolve: async (connection) => [...(await connection.page()).events] }),
    pageInfo: t.field({
      type: PageInfo,
      resolve: (connection) => ({
        hasNextPage: () => connection.hasNextPage(),
        hasPreviousPage: () => connection.hasPreviousPage(),
        cursorAt: async (index) => cursorAt(connection, index),
      }),
    }),
    totalCount: t.field({
      type: CappedCount,
      description: 'How many events match, counted up to `max` (0 to 1,000,000); `exceeded` is true when more match.',
      args: { max: t.arg.int({ defaultValue: 10_000 }) },
      resolve: async (connection, { max }) => {
        const cap = max ?? 10_000;
        if (cap < 0 || cap > maxTotalCount) {
          throw new TidingsError('BAD_USER_INPUT', `max: expected a whole number from 0 to ${maxTotalCount}, got ${cap}`, {
            path: ['max'],
          });
        }
        const counted = await connection.count(cap);
        return { count: Math.min(counted, cap), exceeded: counted > cap };
      },
    }),
    head: t.field({
      type: 'Cursor',
      description:
        'The head of the log that this page was read at. Subscribing with `after: head` continues from this page with no gap and no repeat.',
      resolve: async (connection, _args, context) => logCursor(context, await connection.head()),
    }),
  }),
});

async function cursorAt(connection: EventConnection, index: number): Promise<string | null> {
  const event = (await connection.page()).events.at(index);
  return event === undefined ? null : connection.cursor(event);
}

const maxTotalCount = 1_000_000;
