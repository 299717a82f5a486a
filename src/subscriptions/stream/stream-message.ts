import type { LogCursor, Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Identity } from '../source.ts';

/**
 * What a stream says. Each message ends at a place of the log (`cursor`, a Gap's `to`), where the next one begins; going
 * on from any of these places is as good as having listened on.
 */
export type StreamMessage = EventBatch | CaughtUp | FellBehind | Checkpoint | RetentionGap | LogReplacedGap | Failed;

/** All that matches after `previous`, up to and including `cursor`. */
export interface EventBatch {
  readonly kind: 'EventBatch';
  readonly events: readonly StoredEvent[];
  readonly previous: Position;
  readonly cursor: Position;
}

/** The head is reached. */
export interface CaughtUp {
  readonly kind: 'CaughtUp';
  readonly cursor: Position;
}

/** Memory, which has the head, does not reach back to here any more. */
export interface FellBehind {
  readonly kind: 'FellBehind';
  readonly cursor: Position;
  readonly head: Position;
}

/** Nothing matched up to here. */
export interface Checkpoint {
  readonly kind: 'Checkpoint';
  readonly cursor: Position;
}

/** A gap: what matched in this stretch may have been removed. */
export interface RetentionGap {
  readonly kind: 'Removed';
  readonly from: Position;
  readonly to: Position;
}

/** A gap: the client has seen another log up to `from`; this one goes on from `to`. */
export interface LogReplacedGap {
  readonly kind: 'Replaced';
  readonly from: LogCursor;
  readonly to: Position;
}

/** The stream ends with this error. A message, since an iterator that throws would close its client's whole socket. */
export interface Failed {
  readonly kind: 'Failed';
  readonly error: unknown;
}

/** The place where a message ends; null where it says nothing of it. */
export function endOf(message: StreamMessage): Position | null {
  switch (message.kind) {
    case 'EventBatch':
    case 'CaughtUp':
    case 'FellBehind':
    case 'Checkpoint':
      return message.cursor;
    case 'Removed':
    case 'Replaced':
      return message.to;
    case 'Failed':
      return null;
    default:
      return message satisfies never;
  }
}

/** What tells messages apart that differ in content. */
export function identityOf(message: StreamMessage): Identity {
  switch (message.kind) {
    case 'EventBatch':
      return `${message.previous}-${message.cursor}:${message.events.map(({ position }) => position).join()}`;
    case 'CaughtUp':
    case 'Checkpoint':
      return `${message.kind}:${message.cursor}`;
    case 'FellBehind':
      return `${message.kind}:${message.cursor}-${message.head}`;
    case 'Removed':
      return `${message.kind}:${message.from}-${message.to}`;
    case 'Replaced':
      return `${message.kind}:${message.from.epoch}.${message.from.position}-${message.to}`;
    case 'Failed':
      return `${message.kind}:${(failures += 1)}`;
    default:
      return message satisfies never;
  }
}

/** No two failures are taken for the same. */
let failures = 0;
