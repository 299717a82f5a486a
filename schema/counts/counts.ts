import { TidingsError } from '../../src/errors.ts';
import { bucketsOf, type Buckets, type CountBucket } from '../../src/counts/buckets.ts';
import { parseCountBy } from '../../src/counts/dimensions.ts';
import type { Position } from '../../src/event/cursor.ts';
import { occurredBounds } from '../../src/filter/time-bounds.ts';
import { readCounts } from '../../src/store/counts/count-events.ts';
import { builder } from '../builder.ts';
import { CountBy } from './count-by.ts';
import { logCursor } from '../events/event.ts';
import { EventFilter, filterOf } from '../events/filter.ts';

export const CountBucketType = builder.objectRef<CountBucket>('CountBucket').implement({
  description: 'Events with the same keys.',
  fields: (t) => ({
    keys: t.field({
      type: ['String'],
      nullable: { list: false, items: true },
      description:
        'One key for each dimension asked for, in order; null where the event has no such label, role or payload value. For time, the start.',
      resolve: ({ keys }) => [...keys],
    }),
    start: t.expose('start', {
      type: 'DateTime',
      nullable: true,
      description: "For a time dimension, the bucket's first instant; where that lies before the year 0000, the first of that year.",
    }),
    end: t.expose('end', {
      type: 'DateTime',
      nullable: true,
      description: 'For a time dimension, where the bucket ends, which is not in it any more; null when that is after the year 9999.',
    }),
    count: t.exposeInt('count'),
    firstOccurred: t.expose('firstOccurred', { type: 'DateTime', nullable: true, description: 'Null where nothing was counted.' }),
    lastOccurred: t.expose('lastOccurred', { type: 'DateTime', nullable: true, description: 'Null where nothing was counted.' }),
  }),
});

interface EventCounts extends Buckets {
  readonly total: number;
  readonly head: Position;
}

const EventCountsType = builder.objectRef<EventCounts>('EventCounts').implement({
  description: 'How many events match, by some dimensions.',
  fields: (t) => ({
    buckets: t.field({
      type: [CountBucketType],
      description:
        'With a time dimension also empty ones, if zeroFilled: for every interval between the bounds and all other keys that occur in any.',
      resolve: ({ buckets }) => [...buckets],
    }),
    total: t.exposeInt('total', { description: 'How many events matched in all, each once, also those beyond `first`.' }),
    truncated: t.exposeBoolean('truncated', { description: 'True when `first` cut the list.' }),
    zeroFilled: t.exposeBoolean('zeroFilled', {
      description:
        'False when intervals without events were left out, because there would have been more than 10,000 or the order needs none.',
    }),
    head: t.field({
      type: 'Cursor',
      description: 'The head of the log that this was counted at. Subscribing with `after: head` goes on from here.',
      resolve: ({ head }, _args, context) => logCursor(context, head),
    }),
  }),
});

const CountOrder = builder.enumType('CountOrder', {
  description: 'The order of buckets. It is total.',
  values: {
    KEY: { description: 'By their keys, the first one first: times as such, text by code point, null last.' },
    MOST_FIRST: { description: 'By count, the largest first; ties by their keys.' },
  } as const,
});

builder.queryField('eventCounts', (t) =>
  t.field({
    type: EventCountsType,
    description: 'Counts the events that match, or all, by one dimension or by several together.',
    args: {
      filter: t.arg({ type: EventFilter }),
      by: t.arg({ type: [CountBy], required: true, description: 'One to eight dimensions, at most one of them time.' }),
      order: t.arg({ type: CountOrder, defaultValue: 'KEY' }),
      first: t.arg.int({ defaultValue: 1000, description: 'How many buckets, from the start: 1 to 10,000.' }),
    },
    resolve: async (_root, { filter, by, order, first }, context) => {
      const condition = filterOf(filter, context);
      const dimensions = parseCountBy(by, ['by']);
      const limit = bucketLimit(first ?? 1000);
      const head = await context.loaders.head();
      const table = await readCounts(context.services.database, { filter: condition, dimensions, head });
      const bounds = occurredBounds(condition);
      const buckets = bucketsOf(table, { dimensions, bounds, order: order ?? 'KEY', first: limit });
      return { ...buckets, total: table.total, head };
    },
  }),
);

function bucketLimit(first: number): number {
  if (first >= 1 && first <= maxBuckets) return first;
  throw new TidingsError(
    first < 1 ? 'BAD_USER_INPUT' : 'LIMIT_EXCEEDED',
    `first: expected a whole number from 1 to ${maxBuckets}, got ${first}`,
    { path: ['first'] },
  );
}

const maxBuckets = 10_000;
