import { TidingsError } from '../../src/errors.ts';
import type { Chain } from '../../src/store/log/read-chain.ts';
import { builder } from '../builder.ts';
import { EventType } from './event.ts';

const EventChainType = builder.objectRef<Chain>('EventChain').implement({
  description: 'What led to an event, and what came of it.',
  fields: (t) => ({
    root: t.expose('root', { type: EventType, description: 'The first stored event of the chain, reached by following `follows` back.' }),
    ancestors: t.field({
      type: [EventType],
      description: 'What led to this event, nearest first.',
      resolve: ({ ancestors }) => [...ancestors],
    }),
    descendants: t.field({
      type: [EventType],
      description: 'What came of it, breadth first, oldest first within a level.',
      resolve: ({ descendants }) => [...descendants],
    }),
    missingId: t.exposeID('missingId', { nullable: true, description: 'The id that the root follows, when that event is not stored.' }),
    cyclic: t.exposeBoolean('cyclic', {
      description: 'True when `follows` leads back to an event already visited. One of a circle may be an ancestor and a descendant.',
    }),
    truncated: t.exposeBoolean('truncated', {
      description: 'True when maxEvents cut the chain; then the root is the farthest ancestor shown.',
    }),
  }),
});

builder.objectField(EventType, 'chain', (t) =>
  t.field({
    type: EventChainType,
    description: 'The whole chain this event belongs to, resolved in one go.',
    args: {
      maxEvents: t.arg.int({
        defaultValue: maxChainEvents,
        description: 'Events of the chain at most, from 1 to 1,000: this one, then its ancestors, then its descendants.',
      }),
    },
    resolve: (event, { maxEvents }, { loaders }) => loaders.chain(event, checkMaxEvents(maxEvents ?? maxChainEvents)),
  }),
);

const maxChainEvents = 1000;

function checkMaxEvents(maxEvents: number): number {
  if (maxEvents >= 1 && maxEvents <= maxChainEvents) return maxEvents;
  throw new TidingsError(
    maxEvents < 1 ? 'BAD_USER_INPUT' : 'LIMIT_EXCEEDED',
    `maxEvents: expected a whole number from 1 to ${maxChainEvents}, got ${maxEvents}`,
    { path: ['maxEvents'] },
  );
}
