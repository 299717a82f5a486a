import { parseCursor, type Position } from '../../src/event/cursor.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import { checkRetained } from '../../src/store/log/log-start.ts';
import { Expired, subscribeToEvents } from '../../src/subscriptions/event-subscription.ts';
import { builder } from '../builder.ts';
import { resumptionOf, type Context } from '../context.ts';
import { currentLoaders } from '../loaders.ts';
import { requires } from '../permissions.ts';
import { EventType } from './event.ts';
import { EventFilter, filterOf } from './filter.ts';

builder.subscriptionField('events', (t) =>
  t.field({
    authScopes: requires('read'),
    type: EventType,
    description:
      'Every event that matches, in log order, from `after` (or from now), each exactly once for a cursor, until the client unsubscribes. Slow clients fall back to reading the log; nothing is dropped.',
    args: {
      filter: t.arg({ type: EventFilter }),
      after: t.arg({
        type: 'Cursor',
        description: 'Start after this cursor: that of the last event received, or the head of a page. Without it: from now.',
      }),
    },
    subscribe: async (_root, { filter, after }, context) => {
      const condition = filterOf(filter, context);
      return subscribeToEvents(context.services, {
        filter: condition,
        after: await startOf(after, context),
        client: context.reader.client,
        eventParts: context.budget.parts,
      });
    },
    resolve: (event: StoredEvent | Expired, _args, context) => {
      if (event instanceof Expired) throw event.error;
      context.loaders = currentLoaders(context);
      return event;
    },
  }),
);

async function startOf(given: string | null | undefined, context: Context): Promise<Position | null> {
  const after = resumptionOf(given, context);
  if (after === null) return null;
  const cursor = parseCursor(after.cursor, 'LOG', after.path);
  context.services.epochHistory.check(cursor, await context.services.heads.head(), after.path);
  await checkRetained(context.services.logStart, cursor.position, after.path);
  return cursor.position;
}
