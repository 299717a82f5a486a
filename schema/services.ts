import type { Keys } from '../src/auth/api-keys.ts';
import type { EventLimits } from '../src/event/limits.ts';
import type { FilterBounds } from '../src/filter/parse/parse-context.ts';
import type { Audit } from '../src/ingest/audit-log.ts';
import type { Emitter } from '../src/ingest/emitter.ts';
import type { LiveCounts } from '../src/subscriptions/counts/count-subscription.ts';
import type { SubscriptionParts } from '../src/subscriptions/event-subscription.ts';
import type { Lineage } from '../src/store/epochs.ts';
import type { RemovedUpTo } from '../src/store/retention/log-start.ts';

/** What the resolvers call; the same for every operation. */
export interface Services extends SubscriptionParts {
  readonly emitter: Emitter;
  readonly keys: Keys;
  readonly audit: Audit;
  readonly liveCounts: LiveCounts;
  readonly lineage: Lineage;
  readonly removedUpTo: RemovedUpTo;
  readonly limits: ServiceLimits;
  readonly version: string;
}

export interface ServiceLimits extends EventLimits, FilterBounds {
  readonly batchEvents: number;
  readonly pageSize: number;
  readonly statementTimeout: number;
  readonly retentionDays: number;
  readonly subscriptionsPerConnection: number;
  readonly connectionsPerClient: number;
  readonly queryTokens: number;
  readonly queryDepth: number;
  readonly querySelections: number;
  readonly queryAliases: number;
  readonly queryDirectives: number;
  readonly queryRootFields: number;
  readonly queryCost: number;
  readonly costPerMinute: number;
  readonly bodyBytes: number;
}
