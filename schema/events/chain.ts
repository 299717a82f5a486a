import { TidingsError } from '../../src/errors.ts';
import type { Chain } from '../../src/store/log/read-chain.ts';
import { builder } from '../builder.ts';
import { EventType } from './event.ts';

const EventChainType = builder.objectRef<Chain>('EventChain').implement({
  description: 'The events that an event follows, directly or not, and those that follow it.',
  fields: (t) => ({
    root: t.expose('root', { type: EventType, description: 'The first stored event of the chain, reached by following `follows` back.' }),
    ancestors: t.field({
      type: [EventType],
      description: 'The events that led to this event, nearest first.',
      resolve: ({ ancestors }) => [...ancestors],
    }),
    descendants: t.field({
      type: [EventType],
      description: 'The events that follow this event, directly or not: breadth first, oldest first within a level.',
      resolve: ({ descendants }) => [...descendants],
    }),
    missingId: t.exposeID('missingId', { nullable: true, description: 'The id that the root follows, when that event is not stored.' }),
    cyclic: t.exposeBoolean('cyclic', {
      description:
        'True when `follows` leads back to an event already visited. An event of a cycle may be both an ancestor and a descendant.',
    }),
    truncated: t.exposeBoolean('truncated', {
      description: 'True when maxEvents cut the chain; then the root is the farthest ancestor returned.',
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
        description: 'The maximum number of events, 1 to 1,000: this one, then its ancestors, then its descendants.',
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
