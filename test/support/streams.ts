import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import pino from 'pino';
import { anonymous } from '../../src/auth/caller.ts';
import { readSettings } from '../../src/settings.ts';
import { origin, type Position } from '../../src/event/cursor.ts';
import { everything } from '../../src/filter/filter.ts';
import { parseFilter } from '../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../src/filter/parse/filter-input.ts';
import { withDefaults } from '../../src/ingest/defaults.ts';
import { createEmitter } from '../../src/ingest/emitter.ts';
import type { StreamMessage } from '../../src/subscriptions/stream/stream-message.ts';
import {
  defaultStreamSettings,
  type StreamParts,
  type StreamRequest,
  type StreamSettings,
} from '../../src/subscriptions/stream/stream-request.ts';
import { streamEvents } from '../../src/subscriptions/stream/stream-events.ts';
import type { TailBufferBounds } from '../../src/log/tail-buffer.ts';
import { SubscriptionMemory, subscriptionMemoryBounds } from '../../src/subscriptions/subscription-memory.ts';
import { PacedStarts } from '../../src/concurrency/paced-starts.ts';
import { TimeSlices } from '../../src/concurrency/time-slices.ts';
import { createSharedMatches } from '../../src/subscriptions/matching/shared-matches.ts';
import { createGroupCommit } from '../../src/ingest/group-commit.ts';
import { startTail } from '../../src/log/tail.ts';
import { startNotifications } from '../../src/log/notifications.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { EpochHistory } from '../../src/store/epochs.ts';
import { createHeadReader } from '../../src/store/log/log-head.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createLogStartReader } from '../../src/store/log/log-start.ts';
import { newDatabase } from './test-server.ts';

/** The parts that streams need, without a server, with given bounds of the tail buffer. */
export interface Streams extends AsyncDisposable {
  readonly parts: StreamParts;
  readonly epochHistory: EpochHistory;
  /**
   * Stores events, given by id, or by id and the id that they follow. Their name is the id up to
   * the dash. Returns the head.
   */
  emit(...events: readonly (string | readonly [string, string])[]): Promise<Position>;
  /** Stores whole events. Returns the head. */
  store(events: readonly object[]): Promise<Position>;
  /** Opens a stream after a position (null: the head). */
  listen(after: Position | null, options?: ListenOptions): Promise<Listener>;
}

export interface ListenOptions {
  readonly filter?: EventFilterInput;
  readonly request?: Partial<StreamRequest>;
  readonly settings?: Partial<StreamSettings>;
  readonly parts?: Partial<StreamParts>;
}

export interface Listener extends AsyncDisposable {
  next(): Promise<any>;
  /** Takes messages until they have so many events, or the stream ends. */
  take(events: number): Promise<StreamMessage[]>;
}

export async function startStreams(bounds?: TailBufferBounds): Promise<Streams> {
  const stack = new AsyncDisposableStack();
  const testDatabase = stack.use(await newDatabase());
  const settings = readSettings(testDatabase.environment);
  const logger = pino({ level: 'silent' });
  const metrics = createMetrics();
  const { database, epochHistory } = stack.use(await openStore(settings));
  const heads = createHeadReader(database);
  const notifications = stack.use(await startNotifications(database, logger));
  const tail = stack.use(startTail({ database, heads, notifications, metrics, logger }, bounds));
  const groupCommit = createGroupCommit({ database, heads, announce: () => notifications.announce(), tail });
  const emitter = createEmitter({ database, groupCommit, heads, metrics, limits: settings });
  const timeSlices = new TimeSlices();
  const memory = new SubscriptionMemory(subscriptionMemoryBounds(2 ** 30), metrics);
  const sharedMatches = createSharedMatches({ tail, database, timeSlices, metrics }, { sliceMs: 0, maxSteps: 2000 });
  const shared = { tail, timeSlices, pacedStarts: new PacedStarts(), sharedMatches, memory, metrics, logger };
  const parts: StreamParts = { ...shared, database, heads, logStart: createLogStartReader(database) };
  return {
    parts,
    epochHistory,
    async emit(...events) {
      const candidates = events.map((each) => {
        const [id, follows = null] = typeof each === 'string' ? [each] : each;
        return { event: withDefaults({ id, event: `kind.${id.split('-')[0]}`, resource: { id: 'r' }, follows }), path: [] };
      });
      return (await emitter.emit(candidates, 'REJECT_ALL', anonymous)).head;
    },
    async store(events) {
      const candidates = events.map((event) => ({ event: withDefaults(event), path: [] }));
      return (await emitter.emit(candidates as unknown as Parameters<typeof emitter.emit>[0], 'REJECT_ALL', anonymous)).head;
    },
    async listen(after, { filter, request, settings: streamSettings, parts: otherParts } = {}) {
      const start = after === null ? null : { position: after, replaced: false, given: { epoch: '', position: origin } };
      const condition = filter === undefined ? everything : parseFilter(filter, [], settings);
      const streamRequest: StreamRequest = {
        filter: condition,
        start,
        until: null,
        batchSize: 100,
        maxBytes: 786_432,
        order: 'LOG',
        client: 'test',
        ...request,
      };
      const messages = await streamEvents({ ...parts, ...otherParts }, streamRequest, { ...defaultStreamSettings, ...streamSettings });
      const next = async (): Promise<any> => (await messages.next()).value ?? null;
      return {
        next,
        async take(events) {
          const taken: StreamMessage[] = [];
          for (let count = 0; count < events;) {
            const message: StreamMessage | null = await next();
            if (message === null) return taken;
            taken.push(message);
            if (message.kind === 'EventBatch') count += message.events.length;
          }
          return taken;
        },
        async [Symbol.asyncDispose]() {
          await messages.return?.();
        },
      };
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** The ids of the events in messages. */
export function idsOf(messages: readonly StreamMessage[]): string[] {
  return messages.flatMap((message) => (message.kind === 'EventBatch' ? message.events : [])).map(({ id }) => id);
}
