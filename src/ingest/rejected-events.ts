import type { Logger } from 'pino';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database/database.ts';
import { storeRejected, pruneRejected, type RejectedBounds, type Rejection } from '../store/rejected-events.ts';

/**
 * Stores invalid events whose sender may not learn of the error: its protocol cannot report one, or
 * the sender skips rejected events. An operator can read them, fix the sender, and emit them again.
 *
 * Guarantees: events are durable when `store` resolves, with their bytes cut to `maxRawBytes`. The
 * store is bounded in count, bytes and age; the oldest are removed first.
 */
export interface RejectedEventStore extends AsyncDisposable {
  /** Throws UNAVAILABLE; repeating the call is safe. */
  store(rejected: readonly NewRejectedEvent[]): Promise<void>;
}

export interface NewRejectedEvent extends Omit<Rejection, 'bytes'> {
  /** The kind of problem, for metrics. */
  readonly code: string;
}

export interface RejectedEventStoreParts {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface RejectedEventLimits extends RejectedBounds {
  /** Maximum of one event. */
  readonly maxRawBytes: number;
}

/** Small enough not to matter beside the log; the age is that of `retentionDays`. */
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
  /** Runs once at a time. The next run repeats a failed one. */
  const prune = (): void => {
    pruning ??= pruneRejected(database, rules)
      .catch((error: unknown) => logger.warn({ err: error }, 'rejected events could not be pruned; retrying at the next interval'))
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
      // Pruning scans every rejected event, so it runs once every `pruneIntervalEvents` events.
      if (Math.floor(stored / pruneIntervalEvents) > Math.floor(before / pruneIntervalEvents)) prune();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await pruning;
    },
  };
}

/** A reason can quote the text that made the event impossible to store. */
function toStorableText(reason: string): string {
  return reason.slice(0, maxReasonLength).replaceAll('\0', '\u{fffd}').toWellFormed();
}

const maxReasonLength = 2000;
const pruneIntervalMs = 600_000;
const pruneIntervalEvents = 100;
