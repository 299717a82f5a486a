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
import { clearRemoved, removePartition } from '../store/retention/remove-partition.ts';
import type { RemovedUpTo } from '../store/retention/log-start.ts';
import { sqlState } from '../store/database/database-errors.ts';
import { pause } from '../concurrency/sleep.ts';
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
  readonly everyMs: number | null;
  /** Places of a partition, at least. */
  readonly room: number;
  /** Partitions made ahead. */
  readonly ahead: number;
  /** How often it looks. */
  readonly lookMs: number;
}

/** A thirtieth of what is kept goes at a time; partitions are few enough to plan queries over. */
export function rulesFor(retentionDays: number): RetentionRules {
  const keepMs = retentionDays === 0 ? null : retentionDays * 86_400_000;
  return { keepMs, everyMs: keepMs === null ? null : keepMs / 30, room: 2 ** 24, ahead: 2, lookMs: 60_000 };
}

export interface RetentionParts {
  readonly database: Database;
  readonly removedUpTo: RemovedUpTo;
  /** Its memory may reach back for longer than events are kept, where few come; it forgets what any process has removed. */
  readonly tail: Tail;
  readonly logger: Logger;
}

export function startRetention({ database, removedUpTo, tail, logger }: RetentionParts, rules: RetentionRules): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; await pause(rules.lookMs, signal)) {
      try {
        // First what others have removed: when one of them is at it again, there is nothing more to do.
        tail.forget(await removedUpTo());
        await lookAfterPartitions({ database, clock: databaseClock(database), signal }, rules);
        tail.forget(await removedUpTo());
        failures = 0;
      } catch (error) {
        // Another process is at it, or statements are under way that take long.
        const busy = sqlState(error) === lockNotAvailable;
        failures += 1;
        if (failures === (busy ? manyFailures : 1)) logger.warn({ err: error }, 'the partitions of the log cannot be looked after for now');
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

export interface Looking {
  readonly database: Database;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Does what there is to do now. Throws the database's lock_not_available when somebody is in the way. */
export async function lookAfterPartitions(looking: Looking, rules: RetentionRules): Promise<void> {
  const { database, clock, signal } = looking;
  let partitions = await makeAhead(looking, rules);
  const open = partitions.find(({ opened, last }) => opened !== null && last === null);
  if (open !== undefined && isOver(open.opened, rules.everyMs, await clock())) {
    await insistently(signal, (wait) => beginNextPartition(database, open.first, wait));
    partitions = await makeAhead(looking, rules);
  }
  for (const { first, closed, removed } of partitions) {
    const at = await clock();
    if (removed === null) {
      if (!isOver(closed, rules.keepMs, at)) break;
      await insistently(signal, (wait) => removePartition(database, first, { at, wait }));
    }
    await clear(looking, first);
    if (signal.aborted) return;
  }
}

/** Makes what is missing ahead; answers with all partitions. A log that has grown fast gets larger ones. */
async function makeAhead({ database, clock }: Looking, { ahead, room }: RetentionRules): Promise<readonly Partition[]> {
  for (;;) {
    const partitions = await readPartitions(database, clock);
    const end = partitions.at(-1)?.until;
    if (end === undefined) throw new Error('a log without partitions');
    if (partitions.filter(({ opened }) => opened === null).length >= ahead) return partitions;
    const largest = Math.max(0, ...partitions.map(({ first, last }) => (last === null ? 0 : last - first)));
    await addPartition(database, end, Math.min(Math.max(room, 2 * largest), largestRoom));
  }
}

async function clear({ database, signal }: Looking, place: Position): Promise<void> {
  for (let more = true; more && !signal.aborted;) {
    const began = performance.now();
    more = await clearRemoved(database, place);
    if (more) await pause(performance.now() - began, signal);
  }
}

/** Takes a lock that keeps others waiting while it waits: for a moment only, then again after a while and for longer. */
async function insistently(signal: AbortSignal, step: (wait: number) => Promise<void>): Promise<void> {
  for (let wait = firstWaitMs; ; wait *= 2) {
    try {
      return await step(wait);
    } catch (error) {
      if (sqlState(error) !== lockNotAvailable || wait >= longestWaitMs || signal.aborted) throw error;
      await pause(wait * restFactor, signal);
    }
  }
}

function isOver(since: Instant | null, ms: number | null, now: Instant): boolean {
  return since !== null && ms !== null && toMicros(now) - toMicros(since) >= BigInt(Math.round(ms)) * 1000n;
}

const largestRoom = 2 ** 32;
const lockNotAvailable = '55P03';
/** In minutes: so long other processes may be at it. */
const manyFailures = 60;
const firstWaitMs = 50;
const longestWaitMs = 400;
const restFactor = 20;
