import type { Logger } from 'pino';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database/database.ts';
import { storeRejected, pruneRejected, type RejectedBounds, type Rejection } from '../store/rejected-events.ts';

/**
 * Keeps what was refused where its sender learns nothing of it: whoever looks after the service can see what it was, mend
 * the sender, and send it again.
 *
 * Promises: what `keep` was given is durable when it resolves, its text cut to `rawBytes`. At most so many are kept, of so
 * many bytes, for as long as events are; the oldest go first.
 */
export interface RejectedEventStore extends AsyncDisposable {
  /** Throws UNAVAILABLE, after which it may be repeated. */
  store(rejected: readonly NewRejectedEvent[]): Promise<void>;
}

export interface NewRejectedEvent extends Omit<Rejection, 'bytes'> {
  /** What is wrong, in one word, for metrics. */
  readonly code: string;
}

export interface RejectedEventStoreParts {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface RejectedEventLimits extends RejectedBounds {
  /** Of each. */
  readonly maxRawBytes: number;
}

/** Bounded so that it never matters beside the log. */
export function rejectedEventLimits(limits: { readonly eventBytes: number; readonly retentionDays: number }): RejectedEventLimits {
  const keepMs = limits.retentionDays === 0 ? null : limits.retentionDays * 86_400_000;
  return { count: 10_000, bytes: 256 << 20, keepMs, maxRawBytes: limits.eventBytes };
}

export function startRejectedEventStore(
  { database, metrics, logger }: RejectedEventStoreParts,
  rules: RejectedEventLimits,
): RejectedEventStore {
  let stored = 0;
  let pruning: Promise<unknown> | null = null;
  /** One at a time; a failure shows again at the next one. */
  const prune = (): void => {
    pruning ??= pruneRejected(database, rules)
      .catch((error: unknown) => logger.warn({ err: error }, 'the quarantine cannot be pruned for now'))
      .finally(() => (pruning = null));
  };
  const timer = setInterval(prune, pruneIntervalMs).unref();
  return {
    async store(rejected) {
      await storeRejected(
        database,
        rejected.map(({ protocol, keyId, reason, raw }) => ({
          protocol,
          keyId,
          reason: toStorableText(reason),
          raw: raw.subarray(0, rules.maxRawBytes),
          bytes: raw.length,
        })),
      );
      for (const { code } of rejected) metrics.rejectedEventsStored.inc({ reason: code.toLowerCase() });
      const before = stored;
      stored += rejected.length;
      // A few more than it should have for a while: pruning looks at all of them.
      if (Math.floor(stored / pruneIntervalEvents) > Math.floor(before / pruneIntervalEvents)) prune();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await pruning;
    },
  };
}

/** A reason may quote what was refused just because it cannot be stored. */
function toStorableText(reason: string): string {
  return reason.slice(0, maxReasonLength).replaceAll('\0', '\u{fffd}').toWellFormed();
}

const maxReasonLength = 2000;
const pruneIntervalMs = 600_000;
const pruneIntervalEvents = 100;
