import { fromMicros, toMicros, type Instant } from '../../src/event/instant.ts';
import { lookAfterPartitions, type RetentionRules } from '../../src/maintenance/retention.ts';
import { connectPostgres } from '../../src/store/database/database.ts';
import { databaseClock } from '../../src/store/retention/partitions.ts';
import { readRemoved } from '../../src/store/retention/log-start.ts';
import { sqlState, unavailable } from '../../src/store/database/database-errors.ts';
import { passing } from './fleet.ts';
import { randomOf } from './random.ts';
import type { Tally } from './stats.ts';

/** What takes old events away while a run goes on; the servers themselves keep everything, and must cope. */
export interface Removal extends AsyncDisposable {
  /** False: nothing is ever removed. */
  readonly active: boolean;
  /** Up to where events have been removed by now. */
  upTo(): Promise<number>;
  /** Lets days go by, as planned, until `over` aborts. */
  happen(ages: readonly Age[], tally: Tally, over: AbortSignal): Promise<void>;
}

/** Time that goes by at once. */
export interface Age {
  readonly afterMs: number;
  readonly days: number;
}

export function planAges(seed: number, round: number): readonly Age[] {
  const random = randomOf(seed, round, 'ages');
  return Array.from({ length: 100 }, () => ({ afterMs: random.between(0, 1500), days: random.between(5, 25) }));
}

export const noRemoval: Removal = {
  active: false,
  upTo: () => Promise.resolve(0),
  happen: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Thirty days in partitions of a day, with few places, so that there is always something to remove. */
const rules: RetentionRules = { keepMs: 30 * 86_400_000, everyMs: 86_400_000, room: 2000, ahead: 2, lookMs: 60_000 };

/** Removal with a clock of its own, which goes ahead of the database's by days. */
export function startRemoval(databaseUrl: string): Removal {
  const database = connectPostgres(databaseUrl, { poolSize: 2, statementTimeout: 30_000 });
  const read = readRemoved(database);
  const now = databaseClock(database);
  let passed = 0n;
  const clock = async (): Promise<Instant> => fromMicros(toMicros(await now()) + passed) as Instant;
  const upTo = async (): Promise<number> => {
    for (const began = performance.now(); ;) {
      try {
        return await read();
      } catch (error) {
        if (unavailable(error) === null || performance.now() - began > longestMs) throw error;
        await passing(200);
      }
    }
  };
  return {
    active: true,
    upTo,
    async happen(ages, tally, over) {
      for (const { afterMs, days } of ages) {
        await passing(afterMs);
        if (over.aborted) return;
        passed += BigInt(days) * 86_400_000_000n;
        const before = await upTo();
        tally.add('ages');
        try {
          await lookAfterPartitions({ database, clock, signal: over }, rules);
        } catch (error) {
          // Statements that take long were in the way, or the database is away.
          if (sqlState(error) !== '55P03' && unavailable(error) === null) throw error;
          tally.add('removals put off');
        }
        if ((await upTo()) > before) tally.add('removals');
      }
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** The database is away for less. */
const longestMs = 60_000;
