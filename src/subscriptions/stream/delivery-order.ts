import { positionBefore, type Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Step } from '../page-reader.ts';
import { batchLength, type BatchLimit } from './batch-limit.ts';

/** The order in which the events of a log reader's steps are delivered. */
export interface DeliveryOrder {
  /** Whether an event can be delivered now. */
  readonly hasReady: boolean;
  /** Adds the next step if that needs no read of the database; false: it added nothing. */
  tryAdd(step: Step): boolean;
  /** Adds the next step. If it throws, it has added nothing. */
  add(step: Step): Promise<void>;
  /** Must be called at the head when it is due: makes delayed events ready whose time is over. */
  releaseDue(): Promise<void>;
  /** The time until `releaseDue` must be called, at once if 0 or less; null: not needed. */
  releaseDueInMs(): number | null;
  /** Makes all delayed events ready: no further event can release them. */
  releaseAll(): void;
  /** Removes and returns the next events to deliver. MORE: call again in a later turn of the event loop. */
  take(limit: BatchLimit): readonly StoredEvent[] | 'MORE';
  /**
   * Drops the events that could be delivered. Returns the position from which to add steps again; null:
   * it cannot drop them.
   */
  dropReady(): Position | null;
  /** The position up to which every added event is delivered. Never decreases. */
  position(): Position;
}

/** Log order: no event is delayed. */
export function inLogOrder(start: Position): DeliveryOrder {
  let ready: readonly StoredEvent[] = [];
  let scannedTo = start;
  let deliveredTo = start;
  const add = ({ events, upTo }: Step): void => {
    ready = ready.length === 0 ? events : [...ready, ...events];
    scannedTo = upTo;
  };
  return {
    get hasReady() {
      return ready.length > 0;
    },
    tryAdd(step) {
      add(step);
      return true;
    },
    add: async (step) => add(step),
    releaseDue: async () => undefined,
    releaseDueInMs: () => null,
    releaseAll: () => undefined,
    take(limit) {
      const length = batchLength(ready, limit);
      if (length === 'MORE') return length;
      const events = length === ready.length ? ready : ready.slice(0, length);
      ready = events === ready ? [] : ready.slice(length);
      deliveredTo = events.at(-1)?.position ?? deliveredTo;
      return events;
    },
    dropReady() {
      const [first] = ready;
      if (first !== undefined) scannedTo = positionBefore(first);
      ready = [];
      return scannedTo;
    },
    position: () => (ready.length === 0 ? scannedTo : deliveredTo),
  };
}
