import type { Logger } from 'pino';
import { retry } from '../concurrency/retry.ts';
import { sleep } from '../concurrency/sleep.ts';
import type { Position } from '../event/cursor.ts';
import { toMicros, type Instant } from '../event/instant.ts';
import type { Tail } from '../log/tail.ts';
import { sqlState } from '../store/database/database-errors.ts';
import type { Database } from '../store/database/database.ts';
import type { LogStart } from '../store/log/log-start.ts';
import { databaseClock, type Clock } from '../store/database/clock.ts';
import { addPartition, beginNextPartition, readPartitions, type Partition } from '../store/retention/partitions.ts';
import { pruneRemovedPartition, removePartition } from '../store/retention/remove-partition.ts';

/**
 * Maintains the partitions of the log: creates them ahead, begins the next one in time, removes
 * those past retention.
 *
 * Assumes: src/store/retention/partitions.ts and remove-partition.ts guarantee what they state.
 *
 * Guarantees: an event is kept for `keepMs` after it was received. It is removed within
 * `partitionMs` and some minutes after that, as long as one process checks and the database permits
 * it. Any process may do any step; one that finds another process at work skips its turn. Pruning
 * takes at most half of the time, since requests have priority.
 *
 * Does not guarantee: progress while statements longer than 400 ms follow each other without a
 * break. Then it retries at the next check, and logs a warning.
 */
export interface RetentionRules {
  /** Null: events are kept for ever. */
  readonly keepMs: number | null;
  /**
   * The approximate span of time of a partition; null: the next one begins only when it is full.
   */
  readonly partitionMs: number | null;
  /** The minimum number of positions of a partition. */
  readonly minPartitionPositions: number;
  /** The number of partitions created ahead. */
  readonly partitionsAhead: number;
  readonly checkIntervalMs: number;
}

/**
 * Removes a thirtieth of the kept time at once. Partitions stay few, since planning a query takes
 * time for each.
 */
export function retentionRules(retentionDays: number): RetentionRules {
  const keepMs = retentionDays === 0 ? null : retentionDays * 86_400_000;
  return {
    keepMs,
    partitionMs: keepMs === null ? null : keepMs / 30,
    minPartitionPositions: 2 ** 24,
    partitionsAhead: 2,
    checkIntervalMs: 60_000,
  };
}

export interface RetentionParts {
  readonly database: Database;
  readonly logStart: LogStart;
  /**
   * In a quiet log its buffer may hold events past retention; drops those that any process has
   * removed.
   */
  readonly tail: Tail;
  readonly logger: Logger;
}

export function startRetention({ database, logStart, tail, logger }: RetentionParts, rules: RetentionRules): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; await sleep(rules.checkIntervalMs, signal)) {
      try {
        // Before the maintenance too, which throws while another process is at work.
        tail.prune(await logStart());
        await maintainPartitions({ database, clock: databaseClock(database), signal }, rules);
        tail.prune(await logStart());
        failures = 0;
      } catch (error) {
        // Another process is at work, or long statements are running.
        const busy = sqlState(error) === lockNotAvailable;
        failures += 1;
        if (failures === (busy ? busyWarningThreshold : 1))
          logger.warn({ err: error }, 'the partitions of the log cannot be maintained at the moment');
      }
    }
  };
  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

export interface PartitionMaintenance {
  readonly database: Database;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Does all steps that are due. Throws the database's lock_not_available if another process or a
 * statement blocks one.
 */
export async function maintainPartitions(maintenance: PartitionMaintenance, rules: RetentionRules): Promise<void> {
  const { database, clock, signal } = maintenance;
  let partitions = await createPartitionsAhead(maintenance, rules);
  const open = partitions.find(({ opened, last }) => opened !== null && last === null);
  if (open !== undefined && hasElapsed(open.opened, rules.partitionMs, await clock())) {
    await withLockRetries(signal, (lockTimeoutMs) => beginNextPartition(database, open.first, lockTimeoutMs));
    if (signal.aborted) return;
    partitions = await createPartitionsAhead(maintenance, rules);
  }
  for (const { first, closed, removed } of partitions) {
    const at = await clock();
    if (removed === null) {
      if (!hasElapsed(closed, rules.keepMs, at)) break;
      await withLockRetries(signal, (lockTimeoutMs) => removePartition(database, first, { at, lockTimeoutMs }));
    }
    await clearPartition(maintenance, first);
    if (signal.aborted) return;
  }
}

/**
 * Creates the missing partitions ahead; returns all. A new one has twice the positions used in the
 * largest one so far.
 */
async function createPartitionsAhead(
  { database, clock }: PartitionMaintenance,
  { partitionsAhead, minPartitionPositions }: RetentionRules,
): Promise<readonly Partition[]> {
  for (;;) {
    const partitions = await readPartitions(database, clock);
    const end = partitions.at(-1)?.endPosition;
    if (end === undefined) throw new Error('the log has no partitions');
    if (partitions.filter(({ opened }) => opened === null).length >= partitionsAhead) return partitions;
    const largest = Math.max(0, ...partitions.map(({ first, last }) => (last === null ? 0 : last - first)));
    await addPartition(database, end, Math.min(Math.max(minPartitionPositions, 2 * largest), maxPartitionPositions));
  }
}

async function clearPartition({ database, signal }: PartitionMaintenance, position: Position): Promise<void> {
  for (let more = true; more && !signal.aborted;) {
    const startedAt = performance.now();
    more = await pruneRemovedPartition(database, position);
    if (more) await sleep(performance.now() - startedAt, signal);
  }
}

/**
 * Runs a step that takes a lock for which readers or writers queue up. So it waits for the lock
 * only briefly, and retries later with a longer wait. Throws lock_not_available after the last
 * attempt.
 */
async function withLockRetries(signal: AbortSignal, step: (lockTimeoutMs: number) => Promise<void>): Promise<void> {
  await retry((previousFailures) => step(minLockTimeoutMs * 2 ** previousFailures), {
    backoff: lockBackoff,
    signal,
    isRetryable: (error) => sqlState(error) === lockNotAvailable,
    maxAttempts: maxLockAttempts,
  });
}

function hasElapsed(since: Instant | null, ms: number | null, now: Instant): boolean {
  return since !== null && ms !== null && toMicros(now) - toMicros(since) >= BigInt(Math.round(ms)) * 1000n;
}

const maxPartitionPositions = 2 ** 32;
const lockNotAvailable = '55P03';
/**
 * The number of checks, one a minute, that may find the partitions locked before a warning is
 * logged.
 */
const busyWarningThreshold = 60;
/** The first wait for a lock; each attempt doubles it, up to 400 ms. */
const minLockTimeoutMs = 50;
const maxLockAttempts = 4;
/**
 * Twenty times the wait for the lock, so that readers and writers are blocked for a twentieth of
 * the time at most.
 */
const lockBackoff = { initialDelayMs: 1000, maxDelayMs: 8000 } as const;
