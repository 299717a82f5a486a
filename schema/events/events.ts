import { builder } from '../builder.ts';
import { requires } from '../permissions.ts';
import { openConnection } from './event-connection.ts';
import { EventConnectionType, EventType, logCursor } from './event.ts';
import { EventFilter, filterOf } from './filter.ts';
import { EventOrder, pagingArgs } from './paging.ts';

builder.queryFields((t) => ({
  event: t.field({
    authScopes: requires('read'),
    type: EventType,
    nullable: true,
    description: 'The event with this id; null when it is not stored, or no longer.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { loaders }) => loaders.event(id),
  }),
  events: t.field({
    authScopes: requires('read'),
    type: EventConnectionType,
    description: 'Events that match the filter, or all events. There is no default time window.',
    args: {
      filter: t.arg({ type: EventFilter }),
      order: t.arg({ type: EventOrder, defaultValue: 'NEWEST_FIRST' }),
      ...pagingArgs(t.arg),
    },
    resolve: (_root, { filter, order, ...paging }, context) => {
      const selection = { filter: filterOf(filter, context), order: order ?? 'NEWEST_FIRST' } as const;
      return openConnection(context, { ...selection, scope: 'EVERYTHING', key: '' }, paging);
    },
  }),
  head: t.field({
    authScopes: requires('read'),
    type: 'Cursor',
    description: 'The current head of the log.',
    resolve: async (_root, _args, context) => logCursor(context, await context.loaders.head()),
  }),
}));
