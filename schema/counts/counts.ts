import { bucketsOf, type Buckets, type CountBucket } from '../../src/counts/buckets.ts';
import { parseCountBy } from '../../src/counts/dimensions.ts';
import { TidingsError } from '../../src/errors.ts';
import type { Position } from '../../src/event/cursor.ts';
import { occurredBounds } from '../../src/filter/time-bounds.ts';
import { readCounts } from '../../src/store/counts/count-events.ts';
import { readLargestCounts } from '../../src/store/counts/largest-counts.ts';
import { builder } from '../builder.ts';
import { logCursor } from '../events/event.ts';
import { EventFilter, filterOf } from '../events/filter.ts';
import { requires } from '../permissions.ts';
import { CountBy } from './count-by.ts';

export const CountBucketType = builder.objectRef<CountBucket>('CountBucket').implement({
  description: 'Events with the same keys.',
  fields: (t) => ({
    keys: t.field({
      type: ['String'],
      nullable: { list: false, items: true },
      description:
        'One key for each dimension asked for, in order; null where the event has no such label, role or payload value. For time, the start of the interval.',
      resolve: ({ keys }) => [...keys],
    }),
    start: t.expose('start', {
      type: 'DateTime',
      nullable: true,
      description: "For a time dimension, the bucket's inclusive start; the start of the year 0000 when it is earlier.",
    }),
    end: t.expose('end', {
      type: 'DateTime',
      nullable: true,
      description: "For a time dimension, the bucket's exclusive end; null when it is after the year 9999.",
    }),
    count: t.exposeInt('count'),
    firstOccurred: t.expose('firstOccurred', { type: 'DateTime', nullable: true, description: 'Null when the bucket is empty.' }),
    lastOccurred: t.expose('lastOccurred', { type: 'DateTime', nullable: true, description: 'Null when the bucket is empty.' }),
  }),
});

interface EventCounts extends Buckets {
  readonly total: number;
  readonly head: Position;
}

const EventCountsType = builder.objectRef<EventCounts>('EventCounts').implement({
  description: 'Counts of the matching events by dimensions.',
  fields: (t) => ({
    buckets: t.field({
      type: [CountBucketType],
      description:
        'With a time dimension and `zeroFilled`, includes empty buckets: one for every interval between the bounds and every combination of the other keys that occurs.',
      resolve: ({ buckets }) => [...buckets],
    }),
    total: t.exposeInt('total', {
      description: 'How many events matched in all, each counted once, including those in buckets beyond `first`.',
    }),
    truncated: t.exposeBoolean('truncated', { description: 'True when `first` cut the list.' }),
    zeroFilled: t.exposeBoolean('zeroFilled', {
      description:
        'False when intervals without events were left out, because there would have been more than 10,000 or the order needs none.',
    }),
    head: t.field({
      type: 'Cursor',
      description: 'The head of the log that was counted at. Subscribing with `after: head` continues from here.',
      resolve: ({ head }, _args, context) => logCursor(context, head),
    }),
  }),
});

const CountOrder = builder.enumType('CountOrder', {
  description: 'The order of buckets. It is a total order.',
  values: {
    KEY: { description: 'By keys, compared in the order of the dimensions: times by time, text by code point, null last.' },
    MOST_FIRST: { description: 'By count, largest first; ties by keys.' },
  } as const,
});

builder.queryField('eventCounts', (t) =>
  t.field({
    authScopes: requires('read'),
    type: EventCountsType,
    description: 'Counts the events that match the filter, or all events, by one or several dimensions.',
    args: {
      filter: t.arg({ type: EventFilter }),
      by: t.arg({ type: [CountBy], required: true, description: 'One to eight dimensions, at most one of them time.' }),
      order: t.arg({ type: CountOrder, defaultValue: 'KEY' }),
      first: t.arg.int({ defaultValue: 1000, description: 'The maximum number of buckets, 1 to 10,000.' }),
    },
    resolve: async (_root, { filter, by, order, first }, context) => {
      const condition = filterOf(filter, context);
      const dimensions = parseCountBy(by, ['by']);
      const limit = bucketLimit(first ?? 1000);
      const head = await context.loaders.head();
      const request = { filter: condition, dimensions, head };
      const { database } = context.loaders;
      const table =
        order === 'MOST_FIRST' ? await readLargestCounts(database, request, { first: limit }) : await readCounts(database, request);
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
