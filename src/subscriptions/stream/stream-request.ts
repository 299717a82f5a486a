import type { EventParts } from '../../event/event.ts';
import type { LogCursor, Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import type { ResumePoint } from '../../store/epochs.ts';
import type { LogStart } from '../../store/log/log-start.ts';
import type { SubscriptionParts } from '../event-subscription.ts';
import { defaultWaitLimits, type WaitLimits } from './causal-order.ts';

export interface StreamRequest {
  readonly filter: Condition;
  /** The position to start after; null: the head. */
  readonly start: StreamStart | null;
  /** The last position to deliver; null: no end. */
  readonly until: Position | null;
  /** The maximum number of events of a batch. */
  readonly batchSize: number;
  /** The approximate maximum of a batch in bytes of JSON. */
  readonly maxBytes: number;
  readonly order: StreamOrder;
  /** Whose turns its reads take: Database.reads. */
  readonly client: string;
  /** What is used of its events: other parts may be empty, also where batches are measured. Default: all. */
  readonly eventParts?: EventParts;
}

export type StreamOrder = 'LOG' | 'CAUSAL';

export interface StreamStart extends ResumePoint {
  /** The cursor as the client gave it. */
  readonly given: LogCursor;
}

export interface StreamParts extends SubscriptionParts {
  readonly logStart: LogStart;
}

export interface StreamSettings {
  /** The time without a message after which a live stream sends a Checkpoint, if the log moved. */
  readonly checkpointMs: number;
  /** The same for a stream that is behind. Bounds the work that is repeated when it resumes. */
  readonly behindCheckpointMs: number;
  /** The limits of delays in causal order. */
  readonly waitLimits: WaitLimits;
}

export const defaultStreamSettings: StreamSettings = { checkpointMs: 10_000, behindCheckpointMs: 1000, waitLimits: defaultWaitLimits };
