import type { Logger } from 'pino';
import type { Position } from '../event/cursor.ts';
import { toMicros, type Instant } from '../event/instant.ts';
import type { Database } from '../store/database/database.ts';
import {
  addPartition,
  beginNextPartition,
  databaseClock,
  readPartitions,
  type Clock,
  type Partition,
} from '../store/retention/partitions.ts';
import { pruneRemovedPartition, removePartition } from '../store/retention/remove-partition.ts';
import type { LogStart } from '../store/retention/log-start.ts';
import { sqlState } from '../store/database/database-errors.ts';
import { sleep } from '../concurrency/sleep.ts';
import type { Tail } from '../log/tail.ts';

/**
 * Looks after the partitions of the log: makes them ahead, begins the next one in time, removes those past retention.
 *
 * Assumes: partitions and removal as their files promise them. Promises: an event is kept for as long as `keepMs` says
 * after it was received, and removed within `everyMs` and some minutes more, as long as some process looks and the
 * database lets it. Any process may do any step; one that finds another one at it steps back. Clearing away takes at most
 * half of its time, since clients go first. Does not promise to get through while statements that take longer than
 * `longestWaitMs` follow each other without a break: then it tries again, and says so.
 */
export interface RetentionRules {
  /** Null: for ever. */
  readonly keepMs: number | null;
  /** A partition holds what came within about so long; null: it is left only when it is full. */
  readonly partitionMs: number | null;
  /** Places of a partition, at least. */
  readonly minPartitionPositions: number;
  /** Partitions made ahead. */
  readonly partitionsAhead: number;
  /** How often it looks. */
  readonly checkIntervalMs: number;
}

/** A thirtieth of what is kept goes at a time; partitions are few enough to plan queries over. */
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
  /** Its memory may reach back for longer than events are kept, where few come; it forgets what any process has removed. */
  readonly tail: Tail;
  readonly logger: Logger;
}

export function startRetention({ database, logStart, tail, logger }: RetentionParts, rules: RetentionRules): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; await sleep(rules.checkIntervalMs, signal)) {
      try {
        // First what others have removed: when one of them is at it again, there is nothing more to do.
        tail.prune(await logStart());
        await maintainPartitions({ database, clock: databaseClock(database), signal }, rules);
        tail.prune(await logStart());
        failures = 0;
      } catch (error) {
        // Another process is at it, or statements are under way that take long.
        const busy = sqlState(error) === lockNotAvailable;
        failures += 1;
        if (failures === (busy ? busyWarningThreshold : 1))
          logger.warn({ err: error }, 'the partitions of the log cannot be looked after for now');
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

/** Does what there is to do now. Throws the database's lock_not_available when somebody is in the way. */
export async function maintainPartitions(maintenance: PartitionMaintenance, rules: RetentionRules): Promise<void> {
  const { database, clock, signal } = maintenance;
  let partitions = await createPartitionsAhead(maintenance, rules);
  const open = partitions.find(({ opened, last }) => opened !== null && last === null);
  if (open !== undefined && hasElapsed(open.opened, rules.partitionMs, await clock())) {
    await withLockRetries(signal, (lockTimeoutMs) => beginNextPartition(database, open.first, lockTimeoutMs));
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

/** Makes what is missing ahead; answers with all partitions. A log that has grown fast gets larger ones. */
async function createPartitionsAhead(
  { database, clock }: PartitionMaintenance,
  { partitionsAhead, minPartitionPositions }: RetentionRules,
): Promise<readonly Partition[]> {
  for (;;) {
    const partitions = await readPartitions(database, clock);
    const end = partitions.at(-1)?.endPosition;
    if (end === undefined) throw new Error('a log without partitions');
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

/** Takes a lock that keeps others waiting while it waits: for a moment only, then again after a while and for longer. */
async function withLockRetries(signal: AbortSignal, step: (lockTimeoutMs: number) => Promise<void>): Promise<void> {
  for (let lockTimeoutMs = minLockTimeoutMs; ; lockTimeoutMs *= 2) {
    try {
      return await step(lockTimeoutMs);
    } catch (error) {
      if (sqlState(error) !== lockNotAvailable || lockTimeoutMs >= maxLockTimeoutMs || signal.aborted) throw error;
      await sleep(lockTimeoutMs * retryDelayFactor, signal);
    }
  }
}

function hasElapsed(since: Instant | null, ms: number | null, now: Instant): boolean {
  return since !== null && ms !== null && toMicros(now) - toMicros(since) >= BigInt(Math.round(ms)) * 1000n;
}

const maxPartitionPositions = 2 ** 32;
const lockNotAvailable = '55P03';
/** In minutes: so long other processes may be at it. */
const busyWarningThreshold = 60;
const minLockTimeoutMs = 50;
const maxLockTimeoutMs = 400;
const retryDelayFactor = 20;
