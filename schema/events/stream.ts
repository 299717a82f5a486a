import { TidingsError } from '../../src/errors.ts';
import { formatCursor, parseCursor, type LogCursor, type Position } from '../../src/event/cursor.ts';
import { streamEvents } from '../../src/subscriptions/stream/stream-events.ts';
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
import { builder } from '../builder.ts';
import { resumptionOf, type Context } from '../context.ts';
import { currentLoaders } from '../loaders.ts';
import { requires } from '../permissions.ts';
import { EventType, logCursor } from './event.ts';
import { EventFilter, filterOf } from './filter.ts';

const EventBatchType = builder.objectRef<EventBatch>('EventBatch').implement({
  description:
    'Matching events, at most batchSize of them and about maxBytes of JSON (a larger event comes alone), and the two positions that they lie between: `previous` is the cursor of the last message on this stream.',
  fields: (t) => ({
    events: t.field({ type: [EventType], resolve: ({ events }) => [...events] }),
    previous: t.field({ type: 'Cursor', resolve: ({ previous }, _args, context) => logCursor(context, previous) }),
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
  }),
});

const CaughtUpType = builder.objectRef<CaughtUp>('CaughtUp').implement({
  description: 'The stream has reached the head of the log: the messages that follow are live.',
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
  }),
});

const FellBehindType = builder.objectRef<FellBehind>('FellBehind').implement({
  description: 'The client or the server fell behind the head. The stream continues from the log; no event is lost.',
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
    head: t.field({ type: 'Cursor', resolve: ({ head }, _args, context) => logCursor(context, head) }),
  }),
});

const CheckpointType = builder.objectRef<Checkpoint>('Checkpoint').implement({
  description:
    'No further event matched up to here. Lets a client resume without re-reading. Sent at least every 10 seconds while the log grows.',
  fields: (t) => ({
    cursor: t.field({ type: 'Cursor', resolve: ({ cursor }, _args, context) => logCursor(context, cursor) }),
  }),
});

const GapReason = builder.enumType('GapReason', {
  values: {
    RETENTION: { description: 'Retention removed the events up to `to`.' },
    LOG_REPLACED: {
      description:
        'The cursor belongs to another log, or to a lost end of this log. The stream continues from the last common position, or from the beginning of this log.',
    },
  } as const,
});

const GapType = builder.objectRef<RetentionGap | LogReplacedGap>('Gap').implement({
  description: 'Events between `from` and `to` can no longer be delivered. The stream continues after them.',
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
    LOG: { description: 'By position in the log.' },
    CAUSAL: {
      description:
        'An event is held until the event it follows was delivered on this stream, or is known not to match or not to arrive. It is held for at most 30 seconds after it was received, and at most 10,000 events are held. Cursors of messages stay before a held event, so resuming from them may repeat events. Resume from the cursors of messages, not of events.',
    },
  } as const,
});

builder.subscriptionField('eventStream', (t) =>
  t.field({
    authScopes: requires('read'),
    type: EventStreamMessage,
    description: 'The same stream as batches and signals, for clients that must know their position.',
    args: {
      filter: t.arg({ type: EventFilter }),
      after: t.arg({
        type: 'Cursor',
        description:
          'Start after this cursor: that of the last message received, or of any other position in the log. Without it: from now.',
      }),
      until: t.arg({ type: 'Cursor', description: 'Complete once all events up to this cursor are delivered.' }),
      batchSize: t.arg.int({ defaultValue: defaultBatchSize, description: 'The maximum number of events of one batch, 1 to 1,000.' }),
      maxBytes: t.arg.int({
        defaultValue: defaultMaxBytes,
        description:
          'The approximate maximum size of the events of one batch in bytes, measured as event documents: 1 to 16,777,216. A larger event comes alone. The default keeps messages below 1 MiB, since many WebSocket clients reject larger ones.',
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
        client: context.reader.client,
        eventParts: context.budget.parts,
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
