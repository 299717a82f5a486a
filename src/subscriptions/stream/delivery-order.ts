import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Step } from '../log-reader.ts';

/** Between the walk along the log and the client: the order in which what matched is delivered. */
export interface DeliveryOrder {
  /** Whether some event can be delivered now. */
  readonly hasReady: boolean;
  /** Takes what the next step found, if it can without asking the database; false: it took nothing. */
  addNow(step: Step): boolean;
  /** Takes what the next step found. After an error nothing was taken. */
  add(step: Step): Promise<void>;
  /** To be called at the head: looks again for what may be delivered by now. */
  settle(): Promise<void>;
  /** In how many milliseconds to settle, at once if none; null: there is no need. */
  settleIn(): number | null;
  /** Nothing comes any more that anything could wait for: makes all ready. */
  release(): void;
  /** The next events to deliver. */
  take(limit: number): readonly StoredEvent[];
  /** The place to which everything that was added is delivered. Never goes back. */
  place(): Position;
}

/** The order of the log. */
export function inLogOrder(start: Position): DeliveryOrder {
  let ready: readonly StoredEvent[] = [];
  let looked = start;
  let taken = start;
  const add = ({ events, upTo }: Step): void => {
    ready = ready.length === 0 ? events : [...ready, ...events];
    looked = upTo;
  };
  return {
    get hasReady() {
      return ready.length > 0;
    },
    addNow(step) {
      add(step);
      return true;
    },
    add: async (step) => add(step),
    settle: async () => undefined,
    settleIn: () => null,
    release: () => undefined,
    take(limit) {
      const events = ready.length <= limit ? ready : ready.slice(0, limit);
      ready = events === ready ? [] : ready.slice(limit);
      taken = events.at(-1)?.position ?? taken;
      return events;
    },
    place: () => (ready.length === 0 ? looked : taken),
  };
}
