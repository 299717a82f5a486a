import { TidingsError } from '../../src/errors.ts';
import { parseCountBy } from '../../src/counts/dimensions.ts';
import type { CountsMessage } from '../../src/subscriptions/counts/count-reader.ts';
import type { CountUpdate } from '../../src/subscriptions/counts/count-deltas.ts';
import { occurredBounds } from '../../src/filter/time-bounds.ts';
import { builder } from '../builder.ts';
import { CountBy } from './count-by.ts';
import { CountBucketType } from './counts.ts';
import { logCursor } from '../events/event.ts';
import { EventFilter, filterOf } from '../events/filter.ts';

const UpdateKind = builder.enumType('UpdateKind', {
  values: {
    SNAPSHOT: { description: 'All that was counted up to the cursor. Whatever was said before is to be forgotten.' },
    DELTA: { description: 'What was added since the last message.' },
  } as const,
});

const EventCountsUpdateType = builder.objectRef<CountUpdate>('EventCountsUpdate').implement({
  description:
    'Counts to be added up. A SNAPSHOT is what the query eventCounts says at its cursor, zero-filled alike. A DELTA has the buckets that changed, and every number in it is what was added: add count and total, take the earlier firstOccurred and the later lastOccurred, and the result is what the query says at its cursor, but for times in which nothing happened. When retention has removed events that were counted, a SNAPSHOT without them follows, about a second later.',
  fields: (t) => ({
    kind: t.expose('kind', { type: UpdateKind }),
    buckets: t.field({ type: [CountBucketType], resolve: ({ buckets }) => [...buckets] }),
    total: t.exposeInt('total', { description: 'How many events matched, each once; in a DELTA, how many more.' }),
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
  }),
});

builder.subscriptionField('eventCounts', (t) =>
  t.field({
    type: EventCountsUpdateType,
    description:
      'Counts that stay true: a full snapshot first, then the buckets that changed, at most every intervalMs. At most 10,000 buckets. A client that is slow gets larger updates, or a snapshot again; so does everybody, once retention has removed what was counted.',
    args: {
      filter: t.arg({ type: EventFilter }),
      by: t.arg({ type: [CountBy], required: true, description: 'One to eight dimensions, at most one of them time.' }),
      intervalMs: t.arg.int({ defaultValue: 1000, description: 'Milliseconds between two messages, at least: 50 to 3,600,000.' }),
    },
    subscribe: async (_root, { filter, by, intervalMs }, context) => {
      const condition = filterOf(filter, context);
      const { services } = context;
      return services.liveCounts.subscribe(services, {
        filter: condition,
        bounds: occurredBounds(condition),
        dimensions: parseCountBy(by, ['by']),
        dimensionsKey: JSON.stringify(by),
        intervalMs: intervalOf(intervalMs ?? 1000),
      });
    },
    resolve: (message: CountsMessage) => {
      if (message.kind === 'FAILED') throw message.error;
      return message;
    },
  }),
);

function intervalOf(ms: number): number {
  if (ms >= minIntervalMs && ms <= maxIntervalMs) return ms;
  const message = `intervalMs: expected a whole number from ${minIntervalMs} to ${maxIntervalMs}, got ${ms}`;
  throw new TidingsError('BAD_USER_INPUT', message, { path: ['intervalMs'] });
}

const minIntervalMs = 50;
const maxIntervalMs = 3_600_000;
