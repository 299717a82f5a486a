import { graphql } from 'graphql';
import { asker, withoutKeys } from '../client.ts';
import { createContext, schema } from '../../../schema/index.ts';
import type { Services } from '../../../schema/services.ts';
import { readSettings } from '../../../src/settings.ts';
import { documentLimits } from '../../../src/server/graphql/document-limit-defaults.ts';
import { fromMicros, toMicros, type Instant } from '../../../src/event/instant.ts';
import { createEmitter } from '../../../src/ingest/emitter.ts';
import { LiveCounts } from '../../../src/subscriptions/counts/count-subscription.ts';
import { createSharedBatches } from '../../../src/ingest/group-commit.ts';
import { lookAfterPartitions, type RetentionRules } from '../../../src/maintenance/retention.ts';
import type { RecentBounds } from '../../../src/log/tail-buffer.ts';
import { databaseClock, readPartitions, type Clock, type Partition } from '../../../src/store/retention/partitions.ts';
import { startStreams, type Streams } from '../streams.ts';

/** A log whose clock a test moves on. Events are received by the database's clock, which looks ever older to it. */
export interface Aging extends AsyncDisposable {
  readonly streams: Streams;
  readonly services: Services;
  readonly clock: Clock;
  /** Lets so many days go by, then looks after the partitions. */
  days(days: number, rules?: Partial<RetentionRules>): Promise<void>;
  partitions(): Promise<readonly Partition[]>;
  /** Runs an operation of GraphQL. */
  answer(source: string, variables?: Readonly<Record<string, unknown>>): Promise<any>;
  data(source: string, variables?: Readonly<Record<string, unknown>>): Promise<any>;
}

/** Thirty days in partitions of a day, with few places. */
export const rules: RetentionRules = { keepMs: 30 * 86_400_000, everyMs: 86_400_000, room: 5000, ahead: 2, lookMs: 60_000 };

export async function startAging(bounds: RecentBounds = { events: 20, bytes: 1e6 }): Promise<Aging> {
  const streams = await startStreams(bounds);
  const { parts, lineage } = streams;
  const { database, heads, metrics } = parts;
  const limits = { ...documentLimits, ...readSettings({}) };
  const batches = createSharedBatches({
    database,
    heads,
    announce: () => undefined,
    tail: { wantsOwn: () => false, offer: () => undefined },
  });
  const emitter = createEmitter({ database, batches, heads, metrics, limits });
  const services: Services = { ...parts, ...withoutKeys, liveCounts: new LiveCounts(), lineage, limits, emitter, version: '' };
  let passed = 0n;
  const clock: Clock = async () => fromMicros(toMicros(await databaseClock(database)()) + passed) as Instant;
  const answer: Aging['answer'] = (source, variableValues = {}) =>
    graphql({ schema, source, variableValues, contextValue: createContext(services, asker) });
  return {
    streams,
    services,
    clock,
    async days(days, own) {
      passed += BigInt(days) * 86_400_000_000n;
      await lookAfterPartitions({ database, clock, signal: new AbortController().signal }, { ...rules, ...own });
    },
    partitions: () => readPartitions(database, clock),
    answer,
    async data(source, variables) {
      const { data, errors } = await answer(source, variables);
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data;
    },
    [Symbol.asyncDispose]: () => streams[Symbol.asyncDispose](),
  };
}
