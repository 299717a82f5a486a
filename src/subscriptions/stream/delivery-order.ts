import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Step } from '../log-reader.ts';
import { batchLength, type BatchLimit } from './batch-limit.ts';

/** Between the walk along the log and the client: the order in which what matched is delivered. */
export interface DeliveryOrder {
  /** Whether some event can be delivered now. */
  readonly hasReady: boolean;
  /** Takes what the next step found, if it can without asking the database; false: it took nothing. */
  tryAdd(step: Step): boolean;
  /** Takes what the next step found. After an error nothing was taken. */
  add(step: Step): Promise<void>;
  /** To be called at the head: looks again for what may be delivered by now. */
  releaseDue(): Promise<void>;
  /** In how many milliseconds to settle, at once if none; null: there is no need. */
  releaseDueInMs(): number | null;
  /** Nothing comes any more that anything could wait for: makes all ready. */
  releaseAll(): void;
  /** The next events to deliver. */
  take(limit: BatchLimit): readonly StoredEvent[];
  /** The place to which everything that was added is delivered. Never goes back. */
  position(): Position;
}

/** The order of the log. */
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
      const events = length === ready.length ? ready : ready.slice(0, length);
      ready = events === ready ? [] : ready.slice(length);
      deliveredTo = events.at(-1)?.position ?? deliveredTo;
      return events;
    },
    position: () => (ready.length === 0 ? scannedTo : deliveredTo),
  };
}
