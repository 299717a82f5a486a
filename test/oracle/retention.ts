import { fromMicros, toMicros, type Instant } from '../../src/event/instant.ts';
import { maintainPartitions, type RetentionRules } from '../../src/maintenance/retention.ts';
import { connectPostgres } from '../../src/store/database/database.ts';
import { databaseClock } from '../../src/store/database/clock.ts';
import { createLogStartReader } from '../../src/store/log/log-start.ts';
import { sqlState, asUnavailable } from '../../src/store/database/database-errors.ts';
import { sleep } from '../../src/concurrency/sleep.ts';
import { randomOf } from './random.ts';
import type { RunStats } from './stats.ts';

/**
 * Removes old events during a run. The servers keep everything themselves, and must handle the
 * removal.
 */
export interface Retention extends AsyncDisposable {
  /** False: never removes an event. */
  readonly active: boolean;
  /** The position up to which events have been removed. */
  logStart(): Promise<number>;
  /** Advances the clock as planned until the signal aborts. */
  run(jumps: readonly ClockJump[], stats: RunStats, signal: AbortSignal): Promise<void>;
}

/** A jump of the clock. */
export interface ClockJump {
  readonly afterMs: number;
  readonly days: number;
}

export function planClockJumps(seed: number, round: number): readonly ClockJump[] {
  const random = randomOf(seed, round, 'ages');
  return Array.from({ length: 100 }, () => ({ afterMs: random.between(0, 1500), days: random.between(5, 25) }));
}

export const noRetention: Retention = {
  active: false,
  logStart: () => Promise.resolve(0),
  run: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/**
 * Thirty days in partitions of a day, with few positions, so that there is always one to remove.
 */
const rules: RetentionRules = {
  keepMs: 30 * 86_400_000,
  partitionMs: 86_400_000,
  minPartitionPositions: 2000,
  partitionsAhead: 2,
  checkIntervalMs: 60_000,
};

/** Retention with a separate clock that is days ahead of the database's. */
export function startRetention(databaseUrl: string): Retention {
  const database = connectPostgres(databaseUrl, { poolSize: 2, statementTimeout: 30_000 });
  const readLogStart = createLogStartReader(database);
  const now = databaseClock(database);
  let elapsed = 0n;
  const clock = async (): Promise<Instant> => fromMicros(toMicros(await now()) + elapsed) as Instant;
  const logStart = async (): Promise<number> => {
    for (const began = performance.now(); ;) {
      try {
        return await readLogStart();
      } catch (error) {
        if (asUnavailable(error) === null || performance.now() - began > maxRetryMs) throw error;
        await sleep(200);
      }
    }
  };
  return {
    active: true,
    logStart,
    async run(jumps, stats, signal) {
      for (const { afterMs, days } of jumps) {
        await sleep(afterMs);
        if (signal.aborted) return;
        elapsed += BigInt(days) * 86_400_000_000n;
        const before = await logStart();
        stats.add('clock jumps');
        try {
          await maintainPartitions({ database, clock, signal }, rules);
        } catch (error) {
          // Long statements held locks, or the database is down.
          if (sqlState(error) !== '55P03' && asUnavailable(error) === null) throw error;
          stats.add('delayed removals');
        }
        if ((await logStart()) > before) stats.add('removals');
      }
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** Longer than the database is down. */
const maxRetryMs = 60_000;
