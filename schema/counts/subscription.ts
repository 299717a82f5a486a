import { parseCountBy } from '../../src/counts/dimensions.ts';
import { TidingsError } from '../../src/errors.ts';
import { occurredBounds } from '../../src/filter/time-bounds.ts';
import type { CountUpdate } from '../../src/subscriptions/counts/count-deltas.ts';
import type { CountsMessage } from '../../src/subscriptions/counts/count-reader.ts';
import { builder } from '../builder.ts';
import { logCursor } from '../events/event.ts';
import { EventFilter, filterOf } from '../events/filter.ts';
import { requires } from '../permissions.ts';
import { CountBy } from './count-by.ts';
import { CountBucketType } from './counts.ts';

const UpdateKind = builder.enumType('UpdateKind', {
  values: {
    SNAPSHOT: { description: 'All counts up to the cursor. Replaces all earlier messages.' },
    DELTA: { description: 'The counts added since the last message.' },
  } as const,
});

const EventCountsUpdateType = builder.objectRef<CountUpdate>('EventCountsUpdate').implement({
  description:
    'A message of counts. A SNAPSHOT equals the result of the query eventCounts at its cursor, including zero-filled buckets. A DELTA has the buckets that changed, with the numbers added. To apply it, add `count` and `total`, and keep the earlier firstOccurred and the later lastOccurred. The result equals that of the query at its cursor, except for empty intervals. When retention removes counted events, a SNAPSHOT without them follows after about a second.',
  fields: (t) => ({
    kind: t.expose('kind', { type: UpdateKind }),
    buckets: t.field({ type: [CountBucketType], resolve: ({ buckets }) => [...buckets] }),
    total: t.exposeInt('total', { description: 'How many events matched, each counted once; in a DELTA, how many more.' }),
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
  }),
});

builder.subscriptionField('eventCounts', (t) =>
  t.field({
    authScopes: requires('read'),
    type: EventCountsUpdateType,
    description:
      'Counts that stay true: a full snapshot first, then the buckets that changed, at most every intervalMs. At most 10,000 buckets. A slow client receives larger updates or another snapshot. All clients receive another snapshot when retention removes counted events.',
    args: {
      filter: t.arg({ type: EventFilter }),
      by: t.arg({ type: [CountBy], required: true, description: 'One to eight dimensions, at most one of them time.' }),
      intervalMs: t.arg.int({
        defaultValue: 1000,
        description: 'The minimum number of milliseconds between two messages, 50 to 3,600,000.',
      }),
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
        reader: context.reader,
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
