import type { LogCursor, Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Identity } from '../source.ts';

/**
 * A message of a stream. Each ends at a position of the log (`cursor`, or `to` of a gap), where the
 * next one begins. A client can resume from any of these positions.
 */
export type StreamMessage = EventBatch | CaughtUp | FellBehind | Checkpoint | RetentionGap | LogReplacedGap | Failed;

/** The matching events after `previous`, up to and including `cursor`. */
export interface EventBatch {
  readonly kind: 'EventBatch';
  readonly events: readonly StoredEvent[];
  readonly previous: Position;
  readonly cursor: Position;
}

/** The stream has reached the head. */
export interface CaughtUp {
  readonly kind: 'CaughtUp';
  readonly cursor: Position;
}

/** The tail buffer does not reach back to the stream's position any more. */
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

/** A gap: matching events in this range may have been removed. */
export interface RetentionGap {
  readonly kind: 'RetentionGap';
  readonly from: Position;
  readonly to: Position;
}

/** A gap: the client has read another log up to `from`. This log continues after `to`. */
export interface LogReplacedGap {
  readonly kind: 'LogReplacedGap';
  readonly from: LogCursor;
  readonly to: Position;
}

/**
 * The error that ends the stream. It is a message, because an iterator that throws would close the
 * whole socket of its client.
 */
export interface Failed {
  readonly kind: 'Failed';
  readonly error: unknown;
}

/** The position where a message ends; null if it has none. */
export function endOf(message: StreamMessage): Position | null {
  switch (message.kind) {
    case 'EventBatch':
    case 'CaughtUp':
    case 'FellBehind':
    case 'Checkpoint':
      return message.cursor;
    case 'RetentionGap':
    case 'LogReplacedGap':
      return message.to;
    case 'Failed':
      return null;
    default:
      return message satisfies never;
  }
}

/** Differs for messages with different content. */
export function identityOf(message: StreamMessage): Identity {
  switch (message.kind) {
    case 'EventBatch':
      return `${message.previous}-${message.cursor}:${message.events.map(({ position }) => position).join()}`;
    case 'CaughtUp':
    case 'Checkpoint':
      return `${message.kind}:${message.cursor}`;
    case 'FellBehind':
      return `${message.kind}:${message.cursor}-${message.head}`;
    case 'RetentionGap':
      return `${message.kind}:${message.from}-${message.to}`;
    case 'LogReplacedGap':
      return `${message.kind}:${message.from.epoch}.${message.from.position}-${message.to}`;
    case 'Failed':
      return `${message.kind}:${(failures += 1)}`;
    default:
      return message satisfies never;
  }
}

/** Numbers failures, so that no two have equal identities. */
let failures = 0;
