import { TidingsError } from '../../src/errors.ts';
import { formatCursor, parseCursor, type LogCursor, type Position } from '../../src/event/cursor.ts';
import type {
  CaughtUp,
  Checkpoint,
  EventBatch,
  FellBehind,
  RetentionGap,
  LogReplacedGap,
  StreamMessage,
} from '../../src/subscriptions/stream/stream-message.ts';
import type { StreamStart } from '../../src/subscriptions/stream/stream-request.ts';
import { streamEvents } from '../../src/subscriptions/stream/stream-events.ts';
import { builder } from '../builder.ts';
import { resumptionOf, type Context } from '../context.ts';
import { EventType, logCursor } from './event.ts';
import { EventFilter, filterOf } from './filter.ts';
import { currentLoaders } from '../loaders.ts';

const EventBatchType = builder.objectRef<EventBatch>('EventBatch').implement({
  description:
    'Matching events, at most batchSize of them and about maxBytes of JSON (an event larger than that comes alone), and the two positions they lie between: previous is the cursor of the last message on this stream.',
  fields: (t) => ({
    events: t.field({ type: [EventType], resolve: ({ events }) => [...events] }),
    previous: t.field({ type: 'Cursor', resolve: ({ previous }, _args, context) => logCursor(context, previous) }),
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
  }),
});

const CaughtUpType = builder.objectRef<CaughtUp>('CaughtUp').implement({
  description: 'The stream has reached the head of the log: what follows is live.',
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
  }),
});

const FellBehindType = builder.objectRef<FellBehind>('FellBehind').implement({
  description: 'The client or the server fell behind the head; the stream goes on from the log, nothing is lost.',
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
    head: t.field({ type: 'Cursor', resolve: ({ head }, _args, context) => logCursor(context, head) }),
  }),
});

const CheckpointType = builder.objectRef<Checkpoint>('Checkpoint').implement({
  description:
    'Nothing matched up to here. Sent so that a client can resume without re-reading, at least every 10 seconds while the log moves.',
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
  }),
});

const GapReason = builder.enumType('GapReason', {
  values: {
    RETENTION: { description: 'Events up to `to` were removed, since they were old.' },
    LOG_REPLACED: {
      description:
        'The cursor is of another log, or of an end of this one that was lost. The stream goes on from where the two part, or from the beginning of this one.',
    },
  } as const,
});

const GapType = builder.objectRef<RetentionGap | LogReplacedGap>('Gap').implement({
  description: 'Events in this stretch can no longer be delivered (retention removed them). The stream goes on after it.',
  fields: (t) => ({
    from: t.field({
      type: 'Cursor',
      resolve: (gap, _args, context) => (gap.kind === 'LogReplacedGap' ? formatCursor(gap.from) : logCursor(context, gap.from)),
    }),
    to: t.field({ type: 'Cursor', resolve: ({ to }, _args, context) => logCursor(context, to) }),
    reason: t.field({ type: GapReason, resolve: ({ kind }) => (kind === 'LogReplacedGap' ? 'LOG_REPLACED' : 'RETENTION') }),
  }),
});

const EventStreamMessage = builder.unionType('EventStreamMessage', {
  types: [EventBatchType, CaughtUpType, FellBehindType, CheckpointType, GapType],
  resolveType: ({ kind }) => (kind === 'RetentionGap' || kind === 'LogReplacedGap' ? 'Gap' : kind),
});

const StreamOrder = builder.enumType('StreamOrder', {
  values: {
    LOG: { description: 'By place in the log.' },
    CAUSAL: {
      description:
        'An event is held until the event it follows was delivered on this stream, or is known not to match or not to come: for 30 seconds after it was received at most, and 10,000 events at most. While one is held, the cursors of messages stay before it, and going on from them repeats what was delivered ahead of it. Go on from these, not from the cursors of events.',
    },
  } as const,
});

builder.subscriptionField('eventStream', (t) =>
  t.field({
    type: EventStreamMessage,
    description: 'The same stream as batches and signals, for clients that must know where they stand.',
    args: {
      filter: t.arg({ type: EventFilter }),
      after: t.arg({ type: 'Cursor', description: 'The cursor of the last message, or any place in the log: goes on from there.' }),
      until: t.arg({ type: 'Cursor', description: 'Completes once everything up to here is delivered.' }),
      batchSize: t.arg.int({ defaultValue: defaultBatchSize, description: 'The maximum number of events of one batch, 1 to 1,000.' }),
      maxBytes: t.arg.int({
        defaultValue: defaultMaxBytes,
        description:
          'About how many bytes the events of one batch have at most, each measured as an event document: 1 to 16,777,216. An event larger than that comes alone. The default leaves room for a message below 1 MiB, since many WebSocket clients reject larger ones.',
      }),
      order: t.arg({ type: StreamOrder, defaultValue: 'LOG' }),
    },
    subscribe: async (_root, { filter, after, until, batchSize, maxBytes, order }, context) => {
      const { services } = context;
      const request = {
        filter: filterOf(filter, context),
        batchSize: checkLimit('batchSize', batchSize ?? defaultBatchSize, services.limits.pageSize),
        maxBytes: checkLimit('maxBytes', maxBytes ?? defaultMaxBytes, maxBatchBytes),
        order: order ?? 'LOG',
        until: await untilOf(until, context),
        start: await startOf(after, context),
      };
      return streamEvents(services, request);
    },
    resolve: (message: StreamMessage, _args, context) => {
      if (message.kind === 'Failed') throw message.error;
      context.loaders = currentLoaders(context);
      return message;
    },
  }),
);

const defaultBatchSize = 100;
const defaultMaxBytes = 768 * 1024;
const maxBatchBytes = 16 * 1024 * 1024;

function checkLimit(name: 'batchSize' | 'maxBytes', given: number, max: number): number {
  if (given >= 1 && given <= max) return given;
  throw new TidingsError(
    given < 1 ? 'BAD_USER_INPUT' : 'LIMIT_EXCEEDED',
    `${name}: expected a whole number from 1 to ${max}, got ${given}`,
    { path: [name] },
  );
}

async function untilOf(until: string | null | undefined, { services }: Context): Promise<Position | null> {
  if (until === null || until === undefined) return null;
  const cursor = parseCursor(until, 'LOG', ['until']);
  services.epochHistory.check(cursor, await services.heads.head(), ['until']);
  return cursor.position;
}

async function startOf(argument: string | null | undefined, context: Context): Promise<StreamStart | null> {
  const { services } = context;
  const after = resumptionOf(argument, context);
  if (after === null) return null;
  const given: LogCursor = parseCursor(after.cursor, 'LOG', after.path);
  return { given, ...services.epochHistory.resumeFrom(given, await services.heads.head()) };
}
