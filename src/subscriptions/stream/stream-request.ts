import type { LogCursor, Position } from '../../event/cursor.ts';
import type { Condition } from '../../filter/filter.ts';
import type { ResumePoint } from '../../store/epochs.ts';
import type { LogStart } from '../../store/retention/log-start.ts';
import { defaultWaitLimits, type WaitLimits } from './causal-order.ts';
import type { SubscriptionParts } from '../event-subscription.ts';

/** What a client asks of a stream. */
export interface StreamRequest {
  readonly filter: Condition;
  /** Where to begin; null: at the head. */
  readonly start: StreamStart | null;
  /** The last place to deliver; null: none. */
  readonly until: Position | null;
  /** Events of one batch at most. */
  readonly batchSize: number;
  /** About how many bytes of JSON one batch has at most. */
  readonly maxBytes: number;
  readonly order: StreamOrder;
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
  /** After so long without a message a live client is told how far the log was looked at, if it moved. */
  readonly checkpointMs: number;
  /** The same for one that is behind: reading again for longer than this would be a waste. */
  readonly behindCheckpointMs: number;
  /** How long and how much a causal order holds back. */
  readonly waitLimits: WaitLimits;
}

export const defaultStreamSettings: StreamSettings = { checkpointMs: 10_000, behindCheckpointMs: 1000, waitLimits: defaultWaitLimits };
