import type { Logger } from 'pino';
import type { Metrics } from '../metrics.ts';
import type { Database } from '../store/database/database.ts';
import { keepRejected, pruneRejected, type RejectedBounds, type Rejection } from '../store/rejected-events.ts';

/**
 * Keeps what was refused where its sender learns nothing of it: whoever looks after the service can see what it was, mend
 * the sender, and send it again.
 *
 * Promises: what `keep` was given is durable when it resolves, its text cut to `rawBytes`. At most so many are kept, of so
 * many bytes, for as long as events are; the oldest go first.
 */
export interface Quarantine extends AsyncDisposable {
  /** Throws UNAVAILABLE, after which it may be repeated. */
  keep(refused: readonly Refused[]): Promise<void>;
}

export interface Refused extends Omit<Rejection, 'bytes'> {
  /** What is wrong, in one word, for metrics. */
  readonly code: string;
}

export interface QuarantineParts {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface QuarantineRules extends RejectedBounds {
  /** Of each. */
  readonly rawBytes: number;
}

/** Bounded so that it never matters beside the log. */
export function quarantineRules(limits: { readonly eventBytes: number; readonly retentionDays: number }): QuarantineRules {
  const keepMs = limits.retentionDays === 0 ? null : limits.retentionDays * 86_400_000;
  return { count: 10_000, bytes: 256 << 20, keepMs, rawBytes: limits.eventBytes };
}

export function startQuarantine({ database, metrics, logger }: QuarantineParts, rules: QuarantineRules): Quarantine {
  let kept = 0;
  let pruning: Promise<unknown> | null = null;
  /** One at a time; a failure shows again at the next one. */
  const prune = (): void => {
    pruning ??= pruneRejected(database, rules)
      .catch((error: unknown) => logger.warn({ err: error }, 'the quarantine cannot be pruned for now'))
      .finally(() => (pruning = null));
  };
  const timer = setInterval(prune, everyMs).unref();
  return {
    async keep(refused) {
      await keepRejected(
        database,
        refused.map(({ door, keyId, reason, raw }) => ({
          door,
          keyId,
          reason: storable(reason),
          raw: raw.subarray(0, rules.rawBytes),
          bytes: raw.length,
        })),
      );
      for (const { code } of refused) metrics.quarantined.inc({ reason: code.toLowerCase() });
      const before = kept;
      kept += refused.length;
      // A few more than it should have for a while: pruning looks at all of them.
      if (Math.floor(kept / pruneAfter) > Math.floor(before / pruneAfter)) prune();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await pruning;
    },
  };
}

/** A reason may quote what was refused just because it cannot be stored. */
function storable(reason: string): string {
  return reason.slice(0, longestReason).replaceAll('\0', '\u{fffd}').toWellFormed();
}

const longestReason = 2000;
const everyMs = 600_000;
const pruneAfter = 100;
