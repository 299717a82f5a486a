import type { Asker } from '../src/auth/caller.ts';
import type { Keys } from '../src/auth/keys.ts';
import type { EventLimits } from '../src/event/limits.ts';
import type { FilterBounds } from '../src/event/filter-reader.ts';
import type { Audit } from '../src/ingest/audit.ts';
import type { Emitter } from '../src/ingest/emit.ts';
import type { LiveCounts } from '../src/live/count-subscription.ts';
import type { SubscriptionParts } from '../src/live/subscription.ts';
import type { Lineage } from '../src/store/epochs.ts';
import type { RemovedUpTo } from '../src/store/removed.ts';
import { createReads, type Reads } from './reads.ts';

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
}

/**
 * One operation's context. `reads` sees the log at one head; a mutation and each event of a subscription begin a new
 * one, so that what they hand out includes what they caused.
 */
export interface Context extends Asker {
  readonly services: Services;
  reads: Reads;
}

export function createContext(services: Services, { caller, address, requestId }: Asker): Context {
  return { services, caller, address, requestId, reads: createReads(services, caller) };
}
