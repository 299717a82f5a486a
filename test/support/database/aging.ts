import { createReadBudgets } from '../../../src/store/database/read-budget.ts';
import { graphql } from 'graphql';
import { testClient, withoutKeys } from '../client.ts';
import { createContext, schema } from '../../../schema/index.ts';
import type { Services } from '../../../schema/services.ts';
import { readSettings } from '../../../src/settings.ts';
import { documentLimits } from '../../../src/server/graphql/limits/document-limit-defaults.ts';
import { fromMicros, toMicros, type Instant } from '../../../src/event/instant.ts';
import { createEmitter } from '../../../src/ingest/emitter.ts';
import { CountSubscriptions } from '../../../src/subscriptions/counts/count-subscription.ts';
import { createGroupCommit } from '../../../src/ingest/group-commit.ts';
import { maintainPartitions, type RetentionRules } from '../../../src/maintenance/retention.ts';
import type { TailBufferBounds } from '../../../src/log/tail-buffer.ts';
import { databaseClock, type Clock } from '../../../src/store/database/clock.ts';
import { readPartitions, type Partition } from '../../../src/store/retention/partitions.ts';
import { startStreams, type Streams } from '../streams.ts';

/**
 * A log whose clock a test moves. Events are received by the database's clock, so they age by the
 * difference.
 */
export interface Aging extends AsyncDisposable {
  readonly streams: Streams;
  readonly services: Services;
  readonly clock: Clock;
  /** Moves the clock by a number of days, then maintains the partitions. */
  advanceDays(days: number, changedRules?: Partial<RetentionRules>): Promise<void>;
  partitions(): Promise<readonly Partition[]>;
  /** Executes a GraphQL operation. */
  execute(source: string, variables?: Readonly<Record<string, unknown>>): Promise<any>;
  /** Executes a GraphQL operation; throws if it has errors. */
  data(source: string, variables?: Readonly<Record<string, unknown>>): Promise<any>;
}

/** Thirty days in partitions of one day, with few positions each. */
export const rules: RetentionRules = {
  keepMs: 30 * 86_400_000,
  partitionMs: 86_400_000,
  minPartitionPositions: 5000,
  partitionsAhead: 2,
  checkIntervalMs: 60_000,
};

export async function startAging(bounds: TailBufferBounds = { events: 20, bytes: 1e6 }): Promise<Aging> {
  const streams = await startStreams(bounds);
  const { parts, epochHistory } = streams;
  const { database, heads, metrics } = parts;
  const limits = { ...documentLimits, ...readSettings({}) };
  const groupCommit = createGroupCommit({
    database,
    heads,
    announce: () => undefined,
    tail: { wantsLocalAppends: () => false, offer: () => undefined },
  });
  const emitter = createEmitter({ database, groupCommit, heads, metrics, limits });
  const services: Services = {
    ...parts,
    ...withoutKeys,
    liveCounts: new CountSubscriptions(),
    budgets: createReadBudgets(64_000_000, 2 ** 30),
    epochHistory,
    limits,
    emitter,
    version: '',
  };
  let elapsed = 0n;
  const clock: Clock = async () => fromMicros(toMicros(await databaseClock(database)()) + elapsed) as Instant;
  const execute: Aging['execute'] = (source, variableValues = {}) =>
    graphql({ schema, source, variableValues, contextValue: createContext(services, testClient) });
  return {
    streams,
    services,
    clock,
    async advanceDays(days, changedRules) {
      elapsed += BigInt(days) * 86_400_000_000n;
      await maintainPartitions({ database, clock, signal: new AbortController().signal }, { ...rules, ...changedRules });
    },
    partitions: () => readPartitions(database, clock),
    execute,
    async data(source, variables) {
      const { data, errors } = await execute(source, variables);
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data;
    },
    [Symbol.asyncDispose]: () => streams[Symbol.asyncDispose](),
  };
}
