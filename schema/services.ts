import type { ApiKeys } from '../src/auth/api-keys.ts';
import type { EventLimits } from '../src/event/limits.ts';
import type { FilterBounds } from '../src/filter/parse/parse-context.ts';
import type { AuditLog } from '../src/ingest/audit-log.ts';
import type { Emitter } from '../src/ingest/emitter.ts';
import type { ReadBudgets } from '../src/store/database/read-budget.ts';
import type { EpochHistory } from '../src/store/epochs.ts';
import type { LogStart } from '../src/store/log/log-start.ts';
import type { CountSubscriptions } from '../src/subscriptions/counts/count-subscription.ts';
import type { SubscriptionParts } from '../src/subscriptions/event-subscription.ts';

/** The services that resolvers use; shared by all operations. */
export interface Services extends SubscriptionParts {
  readonly emitter: Emitter;
  readonly keys: ApiKeys;
  readonly audit: AuditLog;
  readonly liveCounts: CountSubscriptions;
  readonly epochHistory: EpochHistory;
  readonly logStart: LogStart;
  readonly budgets: ReadBudgets;
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
  readonly responseBytes: number;
}
